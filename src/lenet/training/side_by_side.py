"""Concurrent runs in threads: they share nothing, and the engine releases Python's global lock."""

from collections.abc import Callable, Sequence
from concurrent.futures import FIRST_EXCEPTION, ThreadPoolExecutor, wait
from typing import TypeVar

from lenet.engine.native import usable_cores
from lenet.training.progress import NullProgress

Result = TypeVar("Result")


def side_by_side(
    jobs: Sequence[Callable[[], Result]], progress: NullProgress, threads: int | None = None
) -> list[Result]:
    """Run jobs concurrently, one for each core; their results in the order of the jobs.

    If one fails, or Ctrl-C comes, the others end at their next progress report, and the failure is raised.

    >>> side_by_side([lambda: 1, lambda: 2], NullProgress())
    [1, 2]
    """
    workers = min(threads or usable_cores(), len(jobs))
    if workers <= 1:
        return [job() for job in jobs]
    with ThreadPoolExecutor(workers) as pool:
        futures = [pool.submit(job) for job in jobs]
        try:
            done, _ = wait(futures, return_when=FIRST_EXCEPTION)
            for future in done:
                future.result()
            return [future.result() for future in futures]
        except BaseException:
            progress.cancel()
            pool.shutdown(cancel_futures=True)
            raise
