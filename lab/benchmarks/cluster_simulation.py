"""Simulate readings by many machines on the plan that is real: ``python -m lab.benchmarks.cluster_simulation``.

The blocks are cut by `lenet.reading.cluster`, its own `missing_blocks` says which of them are left, and they are handed
out in its waves. Workers, machines and drivers are simulated: blocks that take longer, slow machines, machines that are
lost and replaced, drivers that are lost and started again.
"""

import argparse
import heapq
import itertools
import math
import pickle
import random
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import islice

from lenet.reading.cluster.block_files import BlockFiles
from lenet.reading.cluster.blocks import Block, row_ranges
from lenet.reading.cluster.job import BLOCKS_IN_WAVE, missing_blocks
from lenet.reading.cluster.locations import Location

ROWS_IN_FILE = 100_000
HOUR_SECONDS, DAY_SECONDS = 3600.0, 86400.0
DURATION_DEVIATION = 0.25  # standard deviation of the logarithm of a block's duration
SLOW_MACHINE_SHARE, SLOW_MACHINE_FACTOR = 0.02, 3.0  # of the machines, and how many times as long they take
MACHINE_REPLACEMENT_SECONDS = 600.0  # seconds until a machine that was lost is replaced
DRIVER_RESTART_SECONDS, LISTING_SECONDS = (
    120.0,
    0.1,
)  # until the driver is started again, and for each listing of a thousand blocks
WAVE_START_SECONDS = 10.0  # until the actors of a wave can read


def plan_blocks(pictures: int, block: int) -> Iterator[Block]:
    """The blocks of ``pictures`` pictures in Parquet files."""
    number = 0
    for first in range(0, pictures, ROWS_IN_FILE):
        for rows in row_ranges(min(ROWS_IN_FILE, pictures - first), block):
            yield Block(number, "s3://crops/", (f"{first // ROWS_IN_FILE:06}.parquet",), rows)
            number += 1


@dataclass
class BlockFilesInMemory(BlockFiles):
    """What blocks are there, without their files."""

    written: Counter[int] = field(default_factory=Counter)

    def holds(self, block: Block) -> bool:
        return block.number in self.written

    def check_end(self, count: int) -> None:
        assert not self.written or max(self.written) < count


@dataclass
class Totals:
    """What happened in a reading.

    Attributes:
        seconds: from begin to end.
        machines, drivers: how many were lost.
        repeated: attempts at blocks that were lost with their worker.
        work: core seconds of the attempts whose blocks were written.
    """

    seconds: float = 0.0
    machines: int = 0
    drivers: int = 0
    repeated: int = 0
    work: float = 0.0


class Simulation:
    """A reading by simulated machines, in seconds of a simulated clock.

    Args:
        pictures, block: what is read, and how many pictures are in a block.
        machines, cores: how many machines, and the workers of each.
        rate: pictures that a core reads a second.
        days, driver_days: after how many days, in the mean, a machine or the driver is lost.
        seed: of the random generator.
    """

    def __init__(
        self,
        pictures: int,
        block: int,
        machines: int,
        cores: int,
        rate: float,
        days: float,
        driver_days: float,
        seed: int = 0,
    ) -> None:
        self._pictures, self._block, self._machines, self._cores = pictures, block, machines, cores
        self._seconds, self._days, self._driver_days = 1 / rate, days, driver_days
        self._rng = random.Random(seed)
        self._attempts = itertools.count()
        self._slow = {machine for machine in range(machines) if self._rng.random() < SLOW_MACHINE_SHARE}
        self.files = BlockFilesInMemory(Location("", "simulated"))
        self.totals = Totals()
        self._losses = [(self._sample_life(days), machine) for machine in range(machines)]
        heapq.heapify(self._losses)

    def run(self) -> Totals:
        """Read everything, with as many drivers as it takes."""
        while not self._run_driver():
            self.totals.drivers += 1
            self.totals.seconds += DRIVER_RESTART_SECONDS + LISTING_SECONDS * len(self.files.written) / 1000
        return self.totals

    def _run_driver(self) -> bool:
        """What one driver does; False if it is lost before the end."""
        end = self.totals.seconds + self._sample_life(self._driver_days)
        missing = missing_blocks(plan_blocks(self._pictures, self._block), self.files)
        while wave := list(islice(missing, BLOCKS_IN_WAVE * self._machines * self._cores)):
            self.totals.seconds += WAVE_START_SECONDS
            if not self._read_wave(wave, end):
                return False
        return True

    def _read_wave(self, waiting: list[Block], end: float) -> bool:
        """Read the blocks of a wave; False if the driver is lost meanwhile."""
        clock = self.totals.seconds
        waiting.reverse()
        free = [(clock, machine) for machine in range(self._machines) for _ in range(self._cores)]
        running: list[tuple[float, int, int, Block]] = []  # the end of each attempt, its number, machine and block
        while waiting or running:
            begins = max(clock, free[0][0]) if waiting and free else math.inf
            ends = running[0][0] if running else math.inf
            lost = self._losses[0][0]
            clock = max(clock, min(begins, ends, lost))
            if clock >= end:
                self.totals.seconds = end
                self.totals.repeated += len(running)
                return False
            if lost <= min(begins, ends):
                machine = self._lose_machine()
                waiting += [attempt[3] for attempt in running if attempt[2] == machine]
                self.totals.repeated += sum(attempt[2] == machine for attempt in running)
                running = [attempt for attempt in running if attempt[2] != machine]
                free = [slot for slot in free if slot[1] != machine] + [
                    (lost + MACHINE_REPLACEMENT_SECONDS, machine)
                ] * self._cores
                heapq.heapify(running)
                heapq.heapify(free)
            elif ends <= begins:
                _, _, machine, block = heapq.heappop(running)
                self.files.written[block.number] += 1
                self.totals.work += block.pictures * self._seconds
                heapq.heappush(free, (clock, machine))
            else:
                _, machine = heapq.heappop(free)
                block = waiting.pop()
                heapq.heappush(
                    running, (clock + self._sample_duration(block, machine), next(self._attempts), machine, block)
                )
        self.totals.seconds = clock
        return True

    def _lose_machine(self) -> int:
        moment, machine = heapq.heappop(self._losses)
        heapq.heappush(self._losses, (moment + MACHINE_REPLACEMENT_SECONDS + self._sample_life(self._days), machine))
        self.totals.machines += 1
        return machine

    def _sample_duration(self, block: Block, machine: int) -> float:
        slowness = SLOW_MACHINE_FACTOR if machine in self._slow else 1.0
        return (
            block.pictures
            * self._seconds
            * slowness
            * math.exp(self._rng.gauss(-(DURATION_DEVIATION**2) / 2, DURATION_DEVIATION))
        )

    def _sample_life(self, days: float) -> float:
        return self._rng.expovariate(1 / (days * DAY_SECONDS))


def main() -> None:
    parser = argparse.ArgumentParser(description="Simulated readings of very many pictures by many machines.")
    parser.add_argument("--rate", type=float, required=True, help="pictures that a core reads a second")
    parser.add_argument("--bytes", type=float, required=True, help="of Parquet files for each picture")
    parser.add_argument("--pictures", type=int, nargs="+", default=[10**8, 10**9], help="how many [10^8, 10^9]")
    parser.add_argument("--machines", type=int, default=32, help="[%(default)s]")
    parser.add_argument("--cores", type=int, default=32, help="of each machine [%(default)s]")
    parser.add_argument("--block", type=int, default=1000, help="pictures in a block [%(default)s]")
    parser.add_argument("--days", type=float, nargs="+", default=[30, 1], help="mean life of a machine [30, 1]")
    parser.add_argument("--driver-days", type=float, default=3, help="mean life of a driver [%(default)s]")
    parser.add_argument("--seed", type=int, default=0, help="[%(default)s]")
    options = parser.parse_args()
    cores = options.machines * options.cores
    waiting = len(pickle.dumps(next(plan_blocks(options.block, options.block)))) * BLOCKS_IN_WAVE * cores
    print(f"{options.machines} machines of {options.cores} cores, {options.rate:g} pictures a second and core, "
          f"blocks of {options.block:,}; {waiting / 1e6:.0f} MB of blocks wait in a wave")  # fmt: skip
    print("| pictures | life of a machine | hours | core hours | of them useful | machines lost | drivers lost | "
          "blocks repeated | blocks once | Parquet |\n|---:|---:|---:|---:|---:|---:|---:|---:|---:|---:|")  # fmt: skip
    for pictures in options.pictures:
        for days in options.days:
            simulation = Simulation(
                pictures,
                options.block,
                options.machines,
                options.cores,
                options.rate,
                days,
                options.driver_days,
                options.seed,
            )
            totals, times = simulation.run(), simulation.files.written
            hours = totals.seconds / HOUR_SECONDS
            blocks = sum(1 for _ in plan_blocks(pictures, options.block))
            once = sum(times[number] == 1 for number in range(blocks))
            print(
                f"| {pictures:,} | {days:g} days | {hours:.1f} | {hours * cores:,.0f} | "
                f"{totals.work / (totals.seconds * cores):.1%} | {totals.machines} | {totals.drivers} | "
                f"{totals.repeated:,} | {once:,} of {blocks:,} | {pictures * options.bytes / 1e9:,.1f} GB |",
                flush=True,
            )


if __name__ == "__main__":
    main()
