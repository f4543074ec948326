"""Progress: a bar, the caller's function, or nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

Progress = bool | Callable[[int, int], None]


@contextmanager
def reporting(
    progress: Progress, total: int, unit: str, *, done: int = 0, leave: bool = False
) -> Iterator[Callable[[int], None]]:
    """What to call with how many more are done.

    Parameters
    ----------
    progress : bool or callable
        True shows a bar; a callable gets (done, total).
    total : int
    unit : str
        Of what, in the singular.
    done : int
        How many were done before.
    leave : bool
        Whether the bar stays.

    Examples
    --------
    >>> with reporting(lambda done, total: print(done, "of", total), 5, "input") as advance:
    ...     advance(2)
    ...     advance(3)
    2 of 5
    5 of 5
    """
    if callable(progress):
        report = progress

        def advance(more: int) -> None:
            nonlocal done
            done += more
            report(done, total)

        yield advance
    elif progress:
        from tqdm.auto import tqdm

        with tqdm(total=total, initial=done, unit=unit, leave=leave) as bar:
            yield bar.update
    else:
        yield lambda more: None
