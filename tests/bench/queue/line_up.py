"""The queues that are compared, each in the configurations that count."""

from tests.bench.queue.contenders.contender import Contender
from tests.bench.queue.contenders.ours import Ours
from tests.bench.queue.contenders.pgqueuer import TUNED as PGQUEUER_TUNED
from tests.bench.queue.contenders.pgqueuer import Pgqueuer, PgqueuerQueries
from tests.bench.queue.contenders.procrastinate import TUNED as PROCRASTINATE_TUNED
from tests.bench.queue.contenders.procrastinate import TUNED_POOL, Procrastinate, ProcrastinateQueries

OURS = Ours("ours", "bench_ours")
CONTENDERS: tuple[Contender, ...] = (
    OURS,
    Procrastinate("Procrastinate, defaults", "procrastinate"),
    Procrastinate("Procrastinate, tuned", "procrastinate_tuned", PROCRASTINATE_TUNED, TUNED_POOL),
    ProcrastinateQueries("Procrastinate's SQL alone", "procrastinate_queries"),
    Pgqueuer("pgqueuer, defaults", "pgqueuer"),
    Pgqueuer("pgqueuer, tuned", "pgqueuer_tuned", PGQUEUER_TUNED, autovac=True),
    PgqueuerQueries("pgqueuer's SQL alone", "pgqueuer_queries"),
)
