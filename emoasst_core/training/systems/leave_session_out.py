"""Leave one session out: fifteen fine-tuned encoders, then every fusion with every classifier."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from emoasst_core.emotions import EMOTIONS
from emoasst_core.evaluation.confusion_picture import draw_confusion
from emoasst_core.evaluation.figures_file import write_json
from emoasst_core.evaluation.metrics import accuracy, confusion_matrix, macro_f1
from emoasst_core.systems.folds import session_folds
from emoasst_core.systems.transformer_svm.classifiers import CLASSIFIERS, fit_classifier
from emoasst_core.systems.transformer_svm.encoders import FineTuned
from emoasst_core.systems.transformer_svm.fusion import STAGES, WAYS, fuse
from emoasst_core.training.systems.fine_tuning import Answer, ModalityData, Recipe, fold_answers

FINAL = ("early", "concatenation", "svm")  # the paper's own choice


@dataclass(frozen=True, slots=True)
class Protocol:
    """What is left out of what.

    Attributes:
        encoders: {modality: with its starting weights}.
        data: {modality: prepared inputs of all rows}.
        labels, sessions, speakers: one per row.
        recipes: {modality: how it is fine-tuned}.
        size: of the trees.
        seed: of everything.
        out_of_fold: see `fine_tuning.fold_answers`.
    """

    encoders: Mapping[str, FineTuned]
    data: Mapping[str, ModalityData]
    labels: NDArray[np.int64]
    sessions: Sequence[str]
    speakers: Sequence[str]
    recipes: Mapping[str, Recipe]
    size: str
    seed: int
    out_of_fold: bool


def leave_session_out(protocol: Protocol, folder: Path, done: Callable[[str], None] = lambda _what: None) -> dict[str, Any]:
    """Run the protocol and write table, confusion and PCA pictures.

    Returns:
        {"table": {"early, sum": {"svm": {"accuracy", "sd", "macro_f1"}, ..., "mean": ...}}, "sessions", "final"}.
    """
    found: dict[tuple[str, str, str], list[tuple[float, float]]] = {}
    confusion = np.zeros((len(EMOTIONS), len(EMOTIONS)), np.int64)
    folds = session_folds(protocol.sessions)
    pictures: tuple[Mapping[str, Answer], NDArray[np.int64]] | None = None
    for number, (train, valid, test) in enumerate(folds):
        answers = {
            name: fold_answers(encoder, protocol.data[name], train, valid, test, protocol.sessions, protocol.recipes[name],
                               protocol.seed, protocol.out_of_fold)
            for name, encoder in protocol.encoders.items()
        }  # fmt: skip
        done(f"session {number + 1} of {len(folds)}: encoders")
        speakers = [protocol.speakers[row] for row in train]
        for stage in STAGES:
            for way in WAYS:
                rows = [
                    fuse([a[part][0] for a in answers.values()], [a[part][1] for a in answers.values()], stage, way)
                    for part in (0, 1)
                ]
                for kind in CLASSIFIERS:
                    model = fit_classifier(kind, rows[0], protocol.labels[train], speakers, protocol.seed, protocol.size)
                    predicted = np.asarray(model.predict(rows[1]), np.int64)
                    truth = protocol.labels[test]
                    found.setdefault((stage, way, kind), []).append((accuracy(truth, predicted), macro_f1(truth, predicted)))
                    if (stage, way, kind) == FINAL:
                        confusion += confusion_matrix(truth, predicted)
        pictures = {name: both[1] for name, both in answers.items()}, protocol.labels[test]
        done(f"session {number + 1} of {len(folds)}: classifiers")
    result = {"table": _table(found), "num_sessions": len(folds), "out_of_fold": protocol.out_of_fold, "n": len(protocol.labels),
              "final": ", ".join(FINAL)}  # fmt: skip
    write_json(folder / "leave_session_out.json", result)
    draw_confusion(confusion, folder / "leave_session_out_confusion.png", ", ".join(FINAL))
    if pictures is not None:
        draw_features({name: features for name, (features, _) in pictures[0].items()}, pictures[1], folder / "features.png")
    return result


def _table(found: Mapping[tuple[str, str, str], list[tuple[float, float]]]) -> dict[str, Any]:
    table: dict[str, Any] = {}
    for stage in STAGES:
        for way in WAYS:
            row = {}
            for kind in CLASSIFIERS:
                scores = np.array(found[stage, way, kind])
                sd = float(scores[:, 0].std(ddof=1)) if len(scores) > 1 else 0.0
                row[kind] = {"accuracy": float(scores[:, 0].mean()), "sd": sd, "macro_f1": float(scores[:, 1].mean())}
            row["mean"] = {"accuracy": float(np.mean([row[kind]["accuracy"] for kind in CLASSIFIERS]))}
            table[f"{stage}, {way}"] = row
    return table


def table_lines(result: Mapping[str, Any]) -> list[str]:
    """The table in markdown: accuracy in percent, mean and standard deviation over the sessions."""
    lines = ["| fusion | " + " | ".join(CLASSIFIERS) + " | mean of the three |", "|---" * (len(CLASSIFIERS) + 2) + "|"]
    for name, row in result["table"].items():
        cells = [f"{100 * row[kind]['accuracy']:.1f} ± {100 * row[kind]['sd']:.1f}" for kind in CLASSIFIERS]
        lines.append(f"| {name} | " + " | ".join(cells) + f" | {100 * row['mean']['accuracy']:.1f} |")
    return lines


def draw_features(features: Mapping[str, NDArray[np.floating[Any]]], labels: NDArray[np.int64], path: Path) -> None:
    """The first two principal components of each modality's features and of all together, coloured by emotion."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure
    from sklearn.decomposition import PCA

    everything = {**features, "all": np.concatenate(list(features.values()), axis=1)}
    figure = Figure(figsize=(4 * len(everything), 4.2), layout="constrained")
    FigureCanvasAgg(figure)
    for place, (name, values) in enumerate(everything.items(), start=1):
        axes = figure.add_subplot(1, len(everything), place)
        points = PCA(2).fit_transform(values)
        for column in np.unique(labels):
            own = points[labels == column]
            axes.scatter(own[:, 0], own[:, 1], s=8, label=EMOTIONS[column])
        axes.set_title(name)
        axes.set_xticks([])
        axes.set_yticks([])
    axes.legend(fontsize=7)
    figure.savefig(path, dpi=110)
