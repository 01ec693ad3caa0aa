"""The record of a run for people (markdown) and programs (JSON): what was trained on what, chosen how, and how well it did."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from emoasst_core.atomic_file import replacing

CARD_JSON: Final = "run_card.json"
CARD_MARKDOWN: Final = "run_card.md"


def write_run_card(folder: Path, card: Mapping[str, Any]) -> None:
    """Write `run_card.json` and `run_card.md`."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in ((CARD_JSON, json.dumps(card, indent=1, ensure_ascii=False)), (CARD_MARKDOWN, as_markdown(card))):
        with replacing(folder / name) as partial:
            partial.write_text(text + "\n", encoding="utf-8")


def add_result(folder: Path, name: str, result: Mapping[str, Any]) -> None:
    """Put one evaluation's figures into the card of a run."""
    path = folder / CARD_JSON
    card: dict[str, Any] = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {"run_id": folder.name}
    card.setdefault("results", {})[name] = dict(result)
    write_run_card(folder, card)


def as_markdown(card: Mapping[str, Any]) -> str:
    """The card as a page."""
    lines = [f"# Run {card.get('run_id', '')}", ""]
    if "manifest" in card:
        sizes = ", ".join(f"{split} {count:,}" for split, count in card.get("sizes", {}).items())
        lines += [f"Recipe {card.get('recipe', '')} on {card['manifest']} ({sizes}).", ""]
    if "selection" in card:
        chosen = card["selection"]
        lines += [
            f"Epochs, alpha and beta were chosen on **{chosen['split']}** by **{chosen['metric']}** ({chosen['protocol']}).",
            "",
        ]
    check = card.get("data_check", {})
    if check:
        disjoint = (
            "no speaker is in two splits" if check["speaker_disjoint"] else "speakers are in several splits: speaker-dependent"
        )
        lines += [f"Clips missing or unreadable: {check['num_errors']:,}. Speakers: {disjoint}.", ""]
    if card.get("dev"):
        protocol = card.get("selection", {}).get("protocol", "zero-shot")
        lines += [f"## Dev, {protocol}", "", *figures_table(card["dev"], ("accuracy", "weighted_f1", "macro_f1", "nll")), ""]
    if card.get("results"):
        lines += ["## Results", "", *results_table(card["results"]), ""]
    for title, key in (("Options", "options"), ("Environment", "environment")):
        if card.get(key):
            lines += [f"## {title}", "", *(f"- {name}: {value}" for name, value in card[key].items()), ""]
    return "\n".join(lines)


def figures_table(rows: Mapping[str, Mapping[str, float]], columns: tuple[str, ...]) -> list[str]:
    """Lines of a markdown table."""
    head = ["| | " + " | ".join(columns) + " |", "|---|" + "---|" * len(columns)]
    return head + [f"| {name} | " + " | ".join(f"{row[column]:.4f}" for column in columns) + " |" for name, row in rows.items()]


def results_table(results: Mapping[str, Mapping[str, Any]]) -> list[str]:
    """Accuracy, weighted F1, macro F1 and UAR in percent with their 95 % intervals, and the majority row."""
    lines = ["| | n | accuracy | weighted F1 | macro F1 | UAR | ECE | coverage |", "|---|---|---|---|---|---|---|---|"]
    for name, result in results.items():
        cells = [_with_interval(result, metric) for metric in ("accuracy", "weighted_f1", "macro_f1", "uar")]
        ece = f"{result['ece']:.3f}" if "ece" in result else ""
        coverage = f"{result['coverage']:.3f}" if "coverage" in result else ""
        lines.append(f"| {name} | {result.get('n', '')} | " + " | ".join(cells) + f" | {ece} | {coverage} |")
    return lines


def _with_interval(result: Mapping[str, Any], metric: str) -> str:
    if metric not in result:
        return ""
    text = f"{100 * result[metric]:.2f}"
    if metric in result.get("intervals", {}):
        low, high = result["intervals"][metric]
        text += f" ({100 * low:.2f} to {100 * high:.2f})"
    return text
