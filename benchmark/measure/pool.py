"""Hosts kept warm between comparisons."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

from benchmark.measure.host import Host, forget_all, stop_all
from benchmark.measure.machine_memory import machine_memory_mb
from benchmark.measure.threads import default_threads

#: Share of the machine's memory that all Hosts of a pool may take before idle ones go.
_SHARE = 0.5


class HostPool:
    """Idle Hosts, the least recently used first. Use it from one thread at a time."""

    def __init__(
        self, max_hosts: int, threads: int | None = None, memory_limit_mb: float | None = None, arenas: int = 1
    ) -> None:
        """Idle Hosts go while there are more Hosts than `max_hosts`, or while all together take more memory than that.

        `memory_limit_mb` None: half of what this machine, or its container, has, shared by so many Arenas.
        """
        self._max_hosts = max(2, max_hosts)
        half_mb = _SHARE * machine_memory_mb() / arenas
        self._memory_limit_mb = half_mb if memory_limit_mb is None else memory_limit_mb
        self._threads = threads or default_threads(arenas)
        self._idle: list[Host] = []
        # A Host dies with the thread that started it, and the caller's thread may be short-lived.
        self._starter = ThreadPoolExecutor(max_workers=1, thread_name_prefix="host-starter")

    def take(self, wanted: Sequence[tuple[str, object]]) -> list[Host]:
        """A Host for each (name, key): a warm one that holds the key, or else a new and empty one with that key.

        The same key twice gives two Hosts.
        """
        self._idle = [host for host in self._idle if self._usable(host)]
        hosts = [self._take_idle(key) for _, key in wanted]
        while self._idle and len(self._idle) + len(wanted) > self._max_hosts:
            self._idle.pop(0).close()
        self._shrink([host for host in hosts if host])
        try:
            for position, (name, key) in enumerate(wanted):
                hosts[position] = hosts[position] or self._start(name, key)
        except BaseException:
            self._idle += [host for host in hosts if host]
            raise
        return [host for host in hosts if host]

    def give_back(self, hosts: Sequence[Host]) -> None:
        """Keep those that are well; end those that still work for nobody."""
        stop_all(hosts)
        forget_all(hosts)
        self._idle += [host for host in hosts if self._usable(host)]
        self._shrink([])

    @property
    def idle_pids(self) -> list[int]:
        """Processes that are kept warm for later."""
        return [host.pid for host in self._idle]

    def end_idle(self) -> None:
        """End all idle Hosts, whose models may take a memory that is needed elsewhere: a GPU's."""
        while self._idle:
            self._idle.pop().close()

    def close(self) -> None:
        """End all idle Hosts, and the thread that starts them."""
        self.end_idle()
        self._starter.shutdown()

    def _shrink(self, taken: Sequence[Host]) -> None:
        while self._idle and sum(host.resident_mb for host in [*taken, *self._idle]) > self._memory_limit_mb:
            self._idle.pop(0).close()

    def _take_idle(self, key: object) -> Host | None:
        for host in reversed(self._idle):
            if host.key == key:
                self._idle.remove(host)
                return host
        return None

    def _start(self, name: str, key: object) -> Host:
        host = self._starter.submit(Host, name, self._threads).result()
        host.key = key
        return host

    @staticmethod
    def _usable(host: Host) -> bool:
        if not host.alive:
            host.close()
        return host.alive
