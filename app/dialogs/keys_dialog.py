"""Every key, made from the same table as the shortcuts."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QDialog, QFrame, QGridLayout, QScrollArea, QVBoxLayout, QWidget

from app.actions import ACTIONS
from app.widgets.text import Button, label

PAGE_NAMES = {
    "start": "On the start page",
    "live": "While a session runs",
    "answer": "While answering clips",
    "review": "In the timeline",
    "practice": "While practising",
    "any": "Everywhere",
}


class KeysDialog(QDialog):
    """What can be done by key."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle("Keys")
        self.resize(560, 640)
        grid = QGridLayout()
        grid.setHorizontalSpacing(28)
        grid.setVerticalSpacing(8)
        for page, name in PAGE_NAMES.items():
            grid.setRowMinimumHeight(grid.rowCount(), 10)
            grid.addWidget(label(name, "heading"), grid.rowCount() + 1, 0, 1, 2)
            for spec in ACTIONS:
                if spec.page == page:
                    row = grid.rowCount()
                    grid.addWidget(label("  or  ".join(spec.keys), wraps=False), row, 0, Qt.AlignmentFlag.AlignTop)
                    grid.addWidget(label(spec.text), row, 1)
        grid.setColumnStretch(1, 1)
        inside = QWidget()
        inside.setObjectName("scrolled")
        inside.setLayout(grid)
        area = QScrollArea()
        area.setFrameShape(QFrame.Shape.NoFrame)
        area.setWidgetResizable(True)
        area.setWidget(inside)
        close = Button("Close", "main")
        close.clicked.connect(self.accept)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(28, 24, 28, 24)
        layout.addWidget(area, 1)
        layout.addWidget(close)
