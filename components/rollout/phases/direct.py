"""Hosts that the coordinator drives: the host tool is run on each of them at once."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

from cloud_init.host import contracts
from cloud_init.host.contracts.rollout import Outcome
from components.hosts import progress
from components.hosts.transport import Transport


class Driven:
    """The first host is the elected one."""

    def __init__(self, hosts: Sequence[Transport]) -> None:
        self.hosts = hosts

    def gather(self) -> str:
        return self.hosts[0].host

    def takes_part(self, host: str) -> bool:
        return any(one.host == host for one in self.hosts)

    def prepare(self, generation: int, release: str) -> list[Outcome]:
        return self._all("prepare", str(generation), release)

    def commit(self, generation: int, release: str) -> list[Outcome]:
        return self._all("commit", str(generation), release)

    def abort(self, generation: int) -> list[Outcome]:
        return self._all("abort", str(generation))

    def back(self, generation: int, release: str) -> list[Outcome]:
        return self.prepare(generation, release) or self.commit(generation, release)

    def _all(self, command: str, *arguments: str) -> list[Outcome]:
        """Runs a command on every host at once; the outcomes that are not well."""
        with ThreadPoolExecutor(max_workers=min(8, len(self.hosts))) as pool:
            outcomes = list(pool.map(lambda host: self._run(host, command, *arguments), self.hosts))
        return [outcome for outcome in outcomes if not outcome.ok]

    def _run(self, host: Transport, command: str, *arguments: str) -> Outcome:
        elected = ["--elected"] if command == "prepare" and host is self.hosts[0] else []
        told = host.run([command, *arguments, *elected], lambda event: progress.tell(host.host, event))
        try:
            return contracts.read(Outcome, told)
        except contracts.Wrong as wrong:
            return Outcome(False, host.host, command, f"the host tool told no outcome: {wrong}; see `slipway status`")
