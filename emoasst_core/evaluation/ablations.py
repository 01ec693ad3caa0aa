"""The four ablations of EmoAsst's Tables 2 to 5, filled in for whatever data they are given."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import numpy as np

from emoasst_core.datatypes import Modality
from emoasst_core.evaluation.embedded_set import EmbeddedSet
from emoasst_core.evaluation.mcnemar import mcnemar
from emoasst_core.evaluation.protocols import Answers, Task, answer, predict
from emoasst_core.evaluation.run_card import results_table
from emoasst_core.evaluation.suite import score, write_predictions
from emoasst_core.evaluation.test_split import TestSplit

WITHOUT, WITH, TOWER = "utterance only", "with emotion prompts", "tower alone"
# (title, protocol, modalities, rows with the name of the heads; figures printed for MELD test: accuracy, weighted F1)
TABLES: Final[tuple[tuple[str, str, tuple[Modality, ...], dict[str, str], dict[str, tuple[float, float]]], ...]] = (
    ("Table 2: linear probe, face", "probe", (Modality.FACE,),
     {TOWER: "mean of the frames", WITHOUT: "VFM", WITH: "VFM"}, {WITHOUT: (49.36, 36.31), WITH: (50.37, 37.13)}),
    ("Table 3: cache, face", "cache", (Modality.FACE,), {WITHOUT: "VFM", WITH: "VFM"},
     {WITHOUT: (50.83, 38.28), WITH: (52.04, 41.18)}),
    ("Table 4: cache, voice", "cache", (Modality.VOICE,), {WITHOUT: "AA", WITH: "AA"},
     {WITHOUT: (51.72, 39.08), WITH: (52.66, 41.50)}),
    ("Table 5: cache, face and voice", "fused", (Modality.FACE, Modality.VOICE), {WITHOUT: "VFM + AA", WITH: "VFM + AA"},
     {WITHOUT: (49.57, 41.88), WITH: (51.86, 42.34)}),
)  # fmt: skip
Train = Callable[[Path, Any], dict[str, Any]]


def run_ablations(out: Path, options: Any, train: Train, split: str = "dev") -> dict[str, Any]:
    """Train the heads without and with the emotion prompts on the same features, and fill in the tables.

    Every row has its intervals; the pair of every table is compared by McNemar; a majority row closes each. A table whose
    modality the data lack says so. Tables are written to `ablations.md` and `ablations.json`.

    Args:
        out: folder of the two runs and of the tables.
        options: `HeadOptions`; `prompts` is set here.
        train: (run folder, options) -> trains or resumes a run there (`recipes.emoasst.train_emoasst` with the rest filled in).
        split: "dev" or "test"; test can be scored once per pair of runs.

    Returns:
        {table title: {row name: figures}}.

    Raises:
        ManifestError: the test split was scored before.
    """
    from emoasst_core.training.recipes.run_folder import open_run

    runs = {}
    for name, prompts in ((WITHOUT, "utterance"), (WITH, "six")):
        folder = out / f"prompts_{prompts}"
        train(folder, replace(options, prompts=prompts))
        runs[name] = open_run(folder)
    sets = {name: run.embed() for name, run in runs.items()}
    sets[TOWER] = tower_alone(runs[WITH], sets[WITH])
    if split == "test":
        for run in runs.values():
            TestSplit(run.folder, run.run_id, run.manifest.content_hash()).score_once("ablations")
    tables: dict[str, Any] = {}
    for title, protocol, modalities, systems, printed in TABLES:
        if any(modality not in sets[WITH].embeddings for modality in modalities):
            tables[title] = {"missing": f"the data have no {' and '.join(modality.value for modality in modalities)}"}
            continue
        sources = {name: (sets[name], runs.get(name, runs[WITH])) for name in systems}
        tables[title] = _fill(out, title, protocol, modalities, systems, printed, sources, split)
    result = {"split": split, "chosen_on": "dev", "runs": {name: run.run_id for name, run in runs.items()}, "tables": tables}
    (out / "ablations.json").write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
    (out / "ablations.md").write_text(as_markdown(result) + "\n", encoding="utf-8")
    return result


def tower_alone(run: Any, embedded: EmbeddedSet) -> EmbeddedSet:
    """The frozen tower without a head: the mean over the frames of each clip."""
    values = np.full((len(embedded), run.store.widths["frames"]), np.nan, np.float32)
    for row, count in enumerate(run.store.counts("frames")):
        if count:
            mean = run.store.read("frames", row).astype(np.float32).mean(0)
            values[row] = mean / max(float(np.linalg.norm(mean)), 1e-6)
    return replace(embedded, embeddings={Modality.FACE: values})


def as_markdown(result: Mapping[str, Any]) -> str:
    """The tables as a page."""
    chosen = "Everything was chosen on dev" + (", on these very rows: mildly optimistic." if result["split"] == "dev" else ".")
    lines = [f"# Ablations on {result['split']}", "", f"Percent, with 95 % intervals. {chosen}", ""]
    for title, rows in result["tables"].items():
        lines += [f"## {title}", ""]
        if "missing" in rows:
            lines += [f"Not possible: {rows['missing']}.", ""]
            continue
        lines += results_table({f"{row.get('system', '')} {name}".strip(): row for name, row in rows["rows"].items()})
        pair = rows["mcnemar"]
        p_value = f"p = {pair['p']:.3f}" if pair["p"] >= 0.001 else "p < 0.001"
        printed = "; ".join(f"{name} {accuracy:.2f}, {f1:.2f}" for name, (accuracy, f1) in rows["printed_for_meld"].items())
        lines += [
            "",
            f"Prompts against none (McNemar): {pair['only_with']} rows right only with, {pair['only_without']} only without, "
            f"{p_value}. Printed for MELD test (accuracy, weighted F1): {printed}.",
            "",
        ]
    return "\n".join(lines)


def _fill(
    out: Path,
    title: str,
    protocol: str,
    modalities: tuple[Modality, ...],
    systems: Mapping[str, str],
    printed: Mapping[str, tuple[float, float]],
    sources: Mapping[str, tuple[EmbeddedSet, Any]],
    split: str,
) -> dict[str, Any]:
    rows: dict[str, Any] = {}
    answers: dict[str, Answers] = {}
    for name, (embedded, run) in sources.items():
        task = Task(embedded.split("train"), embedded.split("dev"), embedded.split(split), run.class_text, modalities,
                    1 / run.options.temperature, run.options.selection)  # fmt: skip
        answers[name] = answer(protocol, task)
        rows[name] = {"system": systems[name]} | score(answers[name], task)
        slug = f"{title.split(':')[0]}_{name}".replace(" ", "_").lower()
        write_predictions(out / f"predictions_{split}_{slug}.csv", task.queries, answers[name])
        rows["majority"] = {"n": rows[name]["n"]} | rows[name]["majority"]
    rows["majority"] = rows.pop("majority")
    labels = sources[WITH][0].split(split).labels
    pair = mcnemar(labels, predict(answers[WITHOUT].logits), predict(answers[WITH].logits))
    return {
        "rows": rows,
        "mcnemar": {"only_without": pair.only_first, "only_with": pair.only_second, "p": pair.p_value},
        "printed_for_meld": {name: list(figures) for name, figures in printed.items()},
    }
