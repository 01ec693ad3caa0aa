"""Write what an environment holds as a CycloneDX 1.6 document: every package with version, licence and files' digest, and the
models that ship with the program. Standard library only; asks no server. Run it with the environment's own Python.

    .venv/bin/python packaging/sbom.py sbom.json
"""

from __future__ import annotations

import hashlib
import json
import re
import sys
import uuid
from datetime import UTC, datetime
from importlib.metadata import Distribution, distributions
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
MODELS = ROOT / "assets" / "models"
OWN = "emoasst"
# SPDX names for what packages write into the older, free field of their metadata.
KNOWN = {
    "mit": "MIT", "mit license": "MIT", "bsd": "BSD-3-Clause", "bsd-3-clause": "BSD-3-Clause", "bsd license": "BSD-3-Clause",
    "apache 2.0": "Apache-2.0", "apache-2.0": "Apache-2.0", "apache license 2.0": "Apache-2.0", "apache 2": "Apache-2.0",
    "apache software license": "Apache-2.0", "mpl-2.0": "MPL-2.0", "psf-2.0": "PSF-2.0", "isc": "ISC",
}  # fmt: skip


def normalised(name: str) -> str:
    """A package's name as the index spells it.

    >>> normalised("PySide6_Essentials")
    'pyside6-essentials'
    """
    return re.sub(r"[-_.]+", "-", name).lower()


def licences(distribution: Distribution) -> list[dict[str, Any]]:
    """What the package says of its licence: an SPDX expression, a known name, or its own words."""
    said = distribution.metadata
    if expression := said.get("License-Expression"):
        return [{"expression": expression}]
    words = (said.get("License") or "").strip()
    if "\n" in words or len(words) > 80:
        words = words.splitlines()[0][:80].strip()
    classes = [line.rsplit("::", 1)[-1].strip() for line in said.get_all("Classifier") or () if line.startswith("License ::")]
    name = words or ", ".join(classes)
    if not name:
        return []
    known = KNOWN.get(name.lower())
    return [{"license": {"id": known} if known else {"name": name}}]


def component(distribution: Distribution) -> dict[str, Any]:
    """One installed package."""
    name, version = normalised(distribution.metadata["Name"]), distribution.version
    purl = f"pkg:pypi/{name}@{version}"
    described: dict[str, Any] = {"type": "library", "bom-ref": purl, "name": name, "version": version, "purl": purl}
    if found := licences(distribution):
        described["licenses"] = found
    if record := distribution.read_text("RECORD"):  # the list of its files with their hashes: the digest tells any other build
        digest = hashlib.sha256(record.encode("utf-8")).hexdigest()
        described["properties"] = [{"name": "emoasst:sha256-of-RECORD", "value": digest}]
    return described


def needs(distribution: Distribution, installed: dict[str, str]) -> list[str]:
    """The installed packages it asks for."""
    names = {normalised(found.group()) for line in distribution.requires or () if (found := re.match(r"[\w.-]+", line))}
    return sorted(installed[name] for name in names if name in installed)


def model_component(folder: Path) -> dict[str, Any]:
    """One model that ships with the program, by the hash over its files."""
    digest = hashlib.sha256()
    for path in sorted(path for path in folder.rglob("*") if path.is_file()):
        digest.update(path.relative_to(folder).as_posix().encode() + b"\0" + hashlib.sha256(path.read_bytes()).digest())
    described = {"type": "machine-learning-model", "bom-ref": f"model:{folder.name}", "name": folder.name}
    return {**described, "hashes": [{"alg": "SHA-256", "content": digest.hexdigest()}]}


def document(made_at: datetime) -> dict[str, Any]:
    """The whole document of this environment."""
    found = {normalised(one.metadata["Name"]): one for one in distributions() if one.metadata["Name"]}
    refs = {name: f"pkg:pypi/{name}@{one.version}" for name, one in found.items()}
    own = component(found[OWN]) if OWN in found else {"type": "application", "bom-ref": OWN, "name": OWN}
    models = [model_component(folder) for folder in sorted(MODELS.iterdir()) if folder.is_dir()] if MODELS.is_dir() else []
    return {
        "$schema": "http://cyclonedx.org/schema/bom-1.6.schema.json",
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "serialNumber": f"urn:uuid:{uuid.uuid4()}",
        "version": 1,
        "metadata": {
            "timestamp": made_at.isoformat(timespec="seconds"),
            "tools": {"components": [{"type": "application", "name": "packaging/sbom.py"}]},
            "component": {**own, "type": "application"},
            "properties": [
                {"name": "emoasst:python", "value": sys.version.split()[0]},
                {"name": "emoasst:system", "value": sys.platform},
            ],
        },
        "components": [*(component(found[name]) for name in sorted(found) if name != OWN), *models],
        "dependencies": [{"ref": refs[name], "dependsOn": needs(found[name], refs)} for name in sorted(found)],
    }


def main() -> int:
    """Write the document; 0 if it was written."""
    target = Path(sys.argv[1] if len(sys.argv) > 1 else "sbom.json")
    made = document(datetime.now(UTC))
    target.write_text(json.dumps(made, indent=1) + "\n", "utf-8")
    unnamed = [one["name"] for one in made["components"] if "licenses" not in one and one["type"] == "library"]
    print(f"{len(made['components'])} components are listed in {target} (CycloneDX {made['specVersion']}).")
    if unnamed:
        print(f"No licence is stated by: {', '.join(unnamed)}.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
