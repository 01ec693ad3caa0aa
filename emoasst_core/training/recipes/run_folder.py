"""What a training leaves behind: a folder that can be evaluated without the towers it was made from."""

from __future__ import annotations

import json
import platform
import secrets
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import torch
from safetensors.torch import load_file, save_file

from emoasst_core.atomic_file import replacing
from emoasst_core.datatypes import Modality, Vector
from emoasst_core.errors import ConfigError, ManifestError
from emoasst_core.evaluation.embedded_set import EmbeddedSet
from emoasst_core.training.feature_store import FeatureStore, StoreKey
from emoasst_core.training.manifests.catalogue import open_manifest
from emoasst_core.training.manifests.manifest import Manifest
from emoasst_core.training.recipes.head_data import HeadData, Part
from emoasst_core.training.recipes.head_options import HeadOptions
from emoasst_core.training.recipes.head_training import AudioHead, VisualHead, embed_rows

RUN_FILE: Final = "run.json"
HEADS_FILE: Final = "heads.safetensors"
CLASS_TEXT_FILE: Final = "class_text.npy"
PREFIXES: Final[dict[str, str]] = {"frames": "visual_fusion_module.", "audio": "auditory_adapter."}
MODALITIES: Final[dict[str, Modality]] = {"frames": Modality.FACE, "audio": Modality.VOICE}
Heads = Mapping[str, "VisualHead | AudioHead"]


@dataclass(frozen=True, slots=True)
class Run:
    """A trained run, opened again.

    Attributes:
        folder: where it lies.
        settings: all of run.json.
        options: how the heads were trained.
        heads: {"frames" | "audio": head}.
        class_text: (num_emotions, d) label-free class features.
        manifest: the data it was trained on.
        store: its features.
    """

    folder: Path
    settings: Mapping[str, Any]
    options: HeadOptions
    heads: Heads
    class_text: Vector
    manifest: Manifest
    store: FeatureStore

    @property
    def run_id(self) -> str:
        """Names this run in run cards and in the ledger of test scores."""
        return str(self.settings["run_id"])

    def embed(self) -> EmbeddedSet:
        """Every row of the manifest through the heads, and its words through the text tower."""
        return embed_everything(self.manifest, self.store, self.heads, self.class_text, self.options)


def _differences(found: Mapping[str, Any], wanted: Mapping[str, Any]) -> list[str]:
    """Each setting that differs, with both values; those of a group by their own names.

    >>> _differences({"options": {"seed": 0, "rate": 1}}, {"options": {"seed": 5, "rate": 1}})
    ['seed is 0 there, not 5']
    """
    told = []
    for key in dict.fromkeys((*wanted, *found)):
        there, here = found.get(key), wanted.get(key)
        if isinstance(there, Mapping) and isinstance(here, Mapping):
            told += _differences(there, here)
        elif there != here:
            told.append(f"{key} is {there} there, not {here}")
    return told


def begin_run(folder: Path, settings: Mapping[str, Any]) -> dict[str, Any]:
    """Create the folder and its run.json, or check that an unfinished run there has the same settings.

    Raises:
        ConfigError: the folder holds a run with other settings.
    """
    path = folder / RUN_FILE
    folder.mkdir(parents=True, exist_ok=True)
    if path.exists():
        found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        wanted = json.loads(json.dumps(dict(settings)))
        changed = [key for key in wanted if key != "environment" and found.get(key) != wanted[key]]
        if changed:
            told = ", ".join(_differences({key: found.get(key) for key in changed}, {key: wanted[key] for key in changed}))
            raise ConfigError(f"{folder} holds a run with other settings: {told}.", "Choose another --out, or the same ones.")
        return found
    begun = {"run_id": f"{folder.name}-{secrets.token_hex(4)}", **settings}
    with replacing(path) as partial:
        partial.write_text(json.dumps(begun, indent=1), encoding="utf-8")
    return begun


def environment() -> dict[str, str]:
    """Versions that a result may depend on."""
    return {
        "python": platform.python_version(),
        "torch": torch.__version__,
        "numpy": np.__version__,
        "platform": platform.platform(),
        "gpu": torch.cuda.get_device_name() if torch.cuda.is_available() else "none",
    }


def save_heads(folder: Path, heads: Heads, class_text: Vector) -> None:
    """Write the heads under the names that a model profile uses."""
    weights = {
        PREFIXES[part] + name: value.detach().cpu().contiguous()
        for part, head in heads.items()
        for name, value in head.network.state_dict().items()
    }
    save_file(weights, folder / HEADS_FILE)
    np.save(folder / CLASS_TEXT_FILE, class_text)


def build_heads(parts: Mapping[str, int], embed_dim: int, options: HeadOptions) -> dict[str, VisualHead | AudioHead]:
    """Heads with random weights that depend on the seed only.

    Args:
        parts: {"frames" | "audio": width of its vectors}.
        embed_dim: width of the text features.
        options: their sizes.
    """
    heads: dict[str, VisualHead | AudioHead] = {}
    for part, width in parts.items():
        torch.manual_seed(options.seed)
        heads[part] = VisualHead(embed_dim, options) if part == "frames" else AudioHead(width, embed_dim, options)
    return heads


def open_run(folder: Path) -> Run:
    """Read a finished run.

    Raises:
        ConfigError: there is no finished run there.
        ManifestError: its data or its features are not what they were.
    """
    path = folder / RUN_FILE
    if not path.exists() or not (folder / HEADS_FILE).exists():
        raise ConfigError(f"There is no finished training run in {folder}.", "Give the --out folder of `emoasst train`.")
    settings = json.loads(path.read_text(encoding="utf-8"))
    options = HeadOptions(**settings["options"])
    class_text = np.load(folder / CLASS_TEXT_FILE, allow_pickle=False)
    heads = build_heads({part: settings["widths"][part] for part in settings["parts"]}, class_text.shape[1], options)
    weights = load_file(folder / HEADS_FILE)
    for part, head in heads.items():
        prefix = PREFIXES[part]
        head.network.load_state_dict({name[len(prefix) :]: value for name, value in weights.items() if name.startswith(prefix)})
        head.eval()
    manifest = open_manifest(Path(settings["data"]), settings["kind"])
    key = StoreKey(**settings["store_key"])
    if manifest.content_hash() != key.manifest_hash:
        raise ManifestError(f"{settings['data']} has changed since {folder.name} was trained.", "Train again on the new listing.")
    store = FeatureStore(Path(settings["store"]), key, settings["widths"])
    if len(store) != len(manifest):
        raise ManifestError(f"The features of {folder.name} are gone or not whole.", "Run the same `emoasst train` again.")
    return Run(folder, settings, options, heads, class_text, manifest, store)


def embed_everything(
    manifest: Manifest, store: FeatureStore, heads: Heads, class_text: Vector, options: HeadOptions, device: str = "cpu"
) -> EmbeddedSet:
    """Embed all rows of a manifest with trained heads; a row without a modality holds NaN there."""
    embeddings: dict[Modality, Vector] = {}
    rows = np.arange(len(manifest))
    for part, head in heads.items():
        data = HeadData(store, _part(part), manifest.labels, class_text, rows)
        values = np.full((len(rows), class_text.shape[1]), np.nan, np.float32)
        found, places = embed_rows(head, data, options, device)
        values[places] = found
        embeddings[MODALITIES[part]] = values
    words = np.asarray(store.array("text"))[store.starts("text")].astype(np.float32)
    words[np.array([not row.text for row in manifest.rows])] = np.nan
    embeddings[Modality.WORDS] = words
    return EmbeddedSet(
        tuple(row.id for row in manifest.rows),
        manifest.labels,
        tuple(row.split for row in manifest.rows),
        tuple(row.speaker for row in manifest.rows),
        tuple(row.group or row.speaker or row.id for row in manifest.rows),
        embeddings,
    )


def options_as_dict(options: HeadOptions) -> dict[str, Any]:
    """For run.json."""
    return asdict(options)


def _part(name: str) -> Part:
    return "frames" if name == "frames" else "audio"
