"""Simulate readings by many machines, on the blocks of a real one: ``python -m lab.benchmarks.cluster_simulation``.

Blocks are planned by `lenet.reading.cluster`, its own `missing_blocks` lists those that are left, and they are handed
out in waves of its size. Workers, machines and drivers are simulated: blocks that take longer, slow machines, machines
that are lost and replaced, drivers that are lost and started again.
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

from lab.command_line import natural_number, positive_integer, run_command
from lenet.reading.cluster.block_files import BlockFiles
from lenet.reading.cluster.blocks import Block, row_ranges
from lenet.reading.cluster.job import BLOCKS_IN_WAVE, missing_blocks
from lenet.reading.cluster.locations import Location

ROWS_IN_FILE = 100_000
HOUR_SECONDS, DAY_SECONDS = 3600.0, 86400.0
DURATION_DEVIATION = 0.25  # standard deviation of the logarithm of a block's duration
SLOW_MACHINE_SHARE, SLOW_MACHINE_FACTOR = 0.02, 3.0  # of the machines, and how many times as long they take
MACHINE_REPLACEMENT_SECONDS = 600.0  # until a machine that was lost is replaced
DRIVER_RESTART_SECONDS = 120.0  # until a driver that was lost is started again
LISTING_SECONDS = 0.1  # for each thousand blocks that it lists then
WAVE_START_SECONDS = 10.0  # until the workers of a wave can read


def plan_blocks(pictures: int, block: int) -> Iterator[Block]:
    """The blocks, of ``block`` pictures each, of ``pictures`` pictures in Parquet files."""
    number = 0
    for first in range(0, pictures, ROWS_IN_FILE):
        for rows in row_ranges(min(ROWS_IN_FILE, pictures - first), block):
            yield Block(number, "s3://crops/", (f"{first // ROWS_IN_FILE:06}.parquet",), rows)
            number += 1


@dataclass
class BlockFilesInMemory(BlockFiles):
    """The numbers of the blocks that are written, without their files."""

    written: Counter[int] = field(default_factory=Counter)

    def holds(self, block: Block) -> bool:
        return block.number in self.written

    def check_end(self, count: int) -> None:
        assert not self.written or max(self.written) < count


@dataclass
class Totals:
    """Totals of a reading.

    Attributes:
        seconds: from beginning to end.
        lost_machines, lost_drivers: how many were lost.
        lost_attempts: attempts at blocks that were lost with their worker, so that the blocks were repeated.
        useful_core_seconds: of the attempts whose blocks were written.
    """

    seconds: float = 0.0
    lost_machines: int = 0
    lost_drivers: int = 0
    lost_attempts: int = 0
    useful_core_seconds: float = 0.0


class Simulation:
    """A reading by simulated machines, in seconds of a simulated clock.

    Args:
        pictures: how many are read.
        block: pictures in a block.
        machines: how many.
        cores: of each machine, a worker on each.
        rate: pictures that a core reads a second.
        machine_days, driver_days: after how many days, in the mean, a machine or the driver is lost.
        seed: of the random generator.
    """

    def __init__(
        self,
        pictures: int,
        block: int,
        machines: int,
        cores: int,
        rate: float,
        machine_days: float,
        driver_days: float,
        seed: int = 0,
    ) -> None:
        self._pictures, self._block, self._machines, self._cores = pictures, block, machines, cores
        self._picture_seconds, self._machine_days, self._driver_days = 1 / rate, machine_days, driver_days
        self._rng = random.Random(seed)
        self._attempts = itertools.count()
        self._slow_machines = {machine for machine in range(machines) if self._rng.random() < SLOW_MACHINE_SHARE}
        self.files = BlockFilesInMemory(Location("", "simulated"))
        self.totals = Totals()
        self._machine_losses = [(self._sample_life(machine_days), machine) for machine in range(machines)]
        heapq.heapify(self._machine_losses)

    def run(self) -> Totals:
        """Read everything, with as many drivers as it takes."""
        while not self._run_driver():
            self.totals.lost_drivers += 1
            self.totals.seconds += DRIVER_RESTART_SECONDS + LISTING_SECONDS * len(self.files.written) / 1000
        return self.totals

    def _run_driver(self) -> bool:
        """Run one driver until everything is read; returns False if it is lost before."""
        end = self.totals.seconds + self._sample_life(self._driver_days)
        missing = missing_blocks(plan_blocks(self._pictures, self._block), self.files)
        while wave := list(islice(missing, BLOCKS_IN_WAVE * self._machines * self._cores)):
            self.totals.seconds += WAVE_START_SECONDS
            if not self._read_wave(wave, end):
                return False
        return True

    def _read_wave(self, waiting: list[Block], end: float) -> bool:
        """Read the blocks of a wave; returns False if the driver is lost meanwhile, at ``end``."""
        clock = self.totals.seconds
        waiting.reverse()
        free = [(clock, machine) for machine in range(self._machines) for _ in range(self._cores)]
        running: list[tuple[float, int, int, Block]] = []  # the end of each attempt, its number, machine and block
        while waiting or running:
            next_start = max(clock, free[0][0]) if waiting and free else math.inf
            next_end = running[0][0] if running else math.inf
            next_loss = self._machine_losses[0][0]
            clock = max(clock, min(next_start, next_end, next_loss))
            if clock >= end:
                self.totals.seconds = end
                self.totals.lost_attempts += len(running)
                return False
            if next_loss <= min(next_start, next_end):
                machine = self._lose_machine()
                waiting += [attempt[3] for attempt in running if attempt[2] == machine]
                self.totals.lost_attempts += sum(attempt[2] == machine for attempt in running)
                running = [attempt for attempt in running if attempt[2] != machine]
                free = [slot for slot in free if slot[1] != machine] + [
                    (next_loss + MACHINE_REPLACEMENT_SECONDS, machine)
                ] * self._cores
                heapq.heapify(running)
                heapq.heapify(free)
            elif next_end <= next_start:
                _, _, machine, block = heapq.heappop(running)
                self.files.written[block.number] += 1
                self.totals.useful_core_seconds += block.pictures * self._picture_seconds
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
        """Lose the machine whose life ends next, and sample the life of its replacement; returns its number."""
        moment, machine = heapq.heappop(self._machine_losses)
        life = self._sample_life(self._machine_days)
        heapq.heappush(self._machine_losses, (moment + MACHINE_REPLACEMENT_SECONDS + life, machine))
        self.totals.lost_machines += 1
        return machine

    def _sample_duration(self, block: Block, machine: int) -> float:
        """Sample the seconds that a machine takes for a block."""
        slowness = SLOW_MACHINE_FACTOR if machine in self._slow_machines else 1.0
        return (
            block.pictures
            * self._picture_seconds
            * slowness
            * math.exp(self._rng.gauss(-(DURATION_DEVIATION**2) / 2, DURATION_DEVIATION))
        )

    def _sample_life(self, days: float) -> float:
        """Sample a life in seconds, with a mean of so many days."""
        return self._rng.expovariate(1 / (days * DAY_SECONDS))


def main() -> None:
    parser = argparse.ArgumentParser(description="Simulated readings of very many pictures by many machines.")
    parser.add_argument("--rate", type=float, required=True, help="pictures that a core reads a second")
    parser.add_argument("--bytes", type=float, required=True, help="of Parquet files for each picture")
    parser.add_argument(
        "--pictures", type=positive_integer, nargs="+", default=[10**8, 10**9], help="how many [10^8, 10^9]"
    )
    parser.add_argument("--machines", type=positive_integer, default=32, help="[%(default)s]")
    parser.add_argument("--cores", type=positive_integer, default=32, help="of each machine [%(default)s]")
    parser.add_argument("--block", type=positive_integer, default=1000, help="pictures in a block [%(default)s]")
    parser.add_argument("--days", type=float, nargs="+", default=[30, 1], help="mean life of a machine [30, 1]")
    parser.add_argument("--driver-days", type=float, default=3, help="mean life of a driver [%(default)s]")
    parser.add_argument("--seed", type=natural_number, default=0, help="[%(default)s]")
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
                f"{totals.useful_core_seconds / (totals.seconds * cores):.1%} | {totals.lost_machines} | "
                f"{totals.lost_drivers} | "
                f"{totals.lost_attempts:,} | {once:,} of {blocks:,} | {pictures * options.bytes / 1e9:,.1f} GB |",
                flush=True,
            )


if __name__ == "__main__":
    run_command(main)
