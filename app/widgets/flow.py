"""Widgets in rows that break where the page is too narrow, so that large text never needs scrolling sideways."""

from __future__ import annotations

from PySide6.QtCore import QPoint, QRect, QSize, Qt
from PySide6.QtWidgets import QLayout, QLayoutItem, QWidget


class FlowLayout(QLayout):
    """Left to right, then the next row; mirrored where the page reads from right to left.

    Args:
        gap_px: between the widgets, in both directions.
    """

    def __init__(self, parent: QWidget | None = None, gap_px: int = 8) -> None:
        super().__init__(parent)
        self._items: list[QLayoutItem] = []
        self._gap_px = gap_px
        self.setContentsMargins(0, 0, 0, 0)

    def addItem(self, item: QLayoutItem) -> None:
        """Put one at the end."""
        self._items.append(item)

    def count(self) -> int:
        """How many there are."""
        return len(self._items)

    def itemAt(self, index: int) -> QLayoutItem | None:
        """One of them, or None beyond the last."""
        return self._items[index] if 0 <= index < len(self._items) else None

    def takeAt(self, index: int) -> QLayoutItem | None:
        """Take one out."""
        return self._items.pop(index) if 0 <= index < len(self._items) else None

    def expandingDirections(self) -> Qt.Orientation:
        """It takes no more than it needs."""
        return Qt.Orientation(0)

    def hasHeightForWidth(self) -> bool:
        """Narrower is taller."""
        return True

    def heightForWidth(self, width: int) -> int:
        """Height of the rows at this width."""
        return self._arrange(QRect(0, 0, width, 0), moves=False)

    def setGeometry(self, rect: QRect) -> None:
        """Put everything in its place."""
        super().setGeometry(rect)
        self._arrange(rect, moves=True)

    def sizeHint(self) -> QSize:
        """All in one row."""
        shown = self._shown()
        width = sum(item.sizeHint().width() for item in shown) + self._gap_px * max(0, len(shown) - 1)
        return QSize(width, max((item.sizeHint().height() for item in shown), default=0))

    def minimumSize(self) -> QSize:
        """As wide as the widest of them."""
        size = QSize()
        for item in self._shown():
            size = size.expandedTo(item.minimumSize())
        return size

    def _shown(self) -> list[QLayoutItem]:
        return [item for item in self._items if not item.isEmpty()]

    def _arrange(self, rect: QRect, moves: bool) -> int:
        """Lay the rows out, what is lower than its row in the middle of it; their height."""
        y = 0
        for row in self._rows(rect.width()):
            row_height = max(size.height() for _item, size in row)
            if moves:
                self._place(row, QRect(rect.left(), rect.top() + y, rect.width(), row_height))
            y += row_height + self._gap_px
        return max(0, y - self._gap_px)

    def _rows(self, most_px: int) -> list[list[tuple[QLayoutItem, QSize]]]:
        """What goes into each row, with its size."""
        rows: list[list[tuple[QLayoutItem, QSize]]] = []
        x = 0
        for item in self._shown():
            size = item.sizeHint().expandedTo(item.minimumSize())
            size.setWidth(min(size.width(), most_px))
            if not rows or x + size.width() > most_px:
                rows.append([])
                x = 0
            rows[-1].append((item, size))
            x += size.width() + self._gap_px
        return rows

    def _place(self, row: list[tuple[QLayoutItem, QSize]], place: QRect) -> None:
        parent = self.parentWidget()
        is_mirrored = parent is not None and parent.layoutDirection() == Qt.LayoutDirection.RightToLeft
        x = 0
        for item, size in row:
            left = place.right() + 1 - x - size.width() if is_mirrored else place.left() + x
            item.setGeometry(QRect(QPoint(left, place.top() + (place.height() - size.height()) // 2), size))
            x += size.width() + self._gap_px
