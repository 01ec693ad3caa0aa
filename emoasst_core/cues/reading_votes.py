"""What the last readings said one by one: whether they agree, since when, and how many of them failed."""

from __future__ import annotations

from collections import deque


class ReadingVotes:
    """The votes of the last readings, failed ones counted.

    Args:
        vote_s: a vote counts for this long.

    Attributes:
        emotion: what the newest successful readings agree on; None before the first, or after one that contradicts itself.
    """

    def __init__(self, vote_s: float) -> None:
        self._vote_s = vote_s
        self._votes: deque[tuple[float, str | None]] = deque()
        self._since_s = 0.0
        self.emotion: str | None = None

    def add(self, time_s: float, emotion: str | None) -> None:
        """Count one reading; None for a failed one, which neither ends an agreement nor begins one."""
        if emotion is not None and emotion != self.emotion:
            self.emotion, self._since_s = emotion, time_s
        self._votes.append((time_s, emotion))
        while time_s - self._votes[0][0] > self._vote_s + 1e-6:
            self._votes.popleft()
        if all(vote is None for _, vote in self._votes):
            self.emotion = None

    def contradict(self, time_s: float) -> None:
        """Count a reading that contradicts itself: it says nothing, and ends every agreement."""
        self.add(time_s, None)
        self.emotion = None

    def clear(self) -> None:
        """Forget them: they were somebody else's."""
        self._votes.clear()
        self.emotion = None

    def held_s(self, time_s: float, emotion: str | None) -> float:
        """For how long every successful reading has said so; -1 if the newest do not."""
        return time_s - self._since_s if emotion is not None and emotion == self.emotion else -1.0

    def has_majority(self, emotion: str | None) -> bool:
        """Whether more than half of the last readings, failed ones counted, say so."""
        return sum(vote == emotion for _, vote in self._votes) * 2 > len(self._votes)

    @property
    def mostly_failed(self) -> bool:
        """Whether more than half of the last readings failed."""
        return sum(vote is None for _, vote in self._votes) * 2 > len(self._votes)
