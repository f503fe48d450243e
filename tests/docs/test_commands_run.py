"""Every command of the documents is run here, or by the test that is named, or says what it needs that is not here."""

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import psycopg
import pytest

from agent.migrate import migrate
from local import LocalStack
from sql.policy import Policy
from tests.docs.documents import DOCUMENTS, ROOT, Command, blocks, commands, name_of
from tests.docs.project import Project
from tests.docs.reader import Reader
from tests.docs.warm_arena import WarmArena

#: Commands that another test runs, by their first words: the file, and what of it says so.
ELSEWHERE = {
    "make install": (".ci/run", "make install"),
    "make test": (".ci/run", "make test"),
    "make lint": ("Makefile", "test: install lint"),
    "make dashboard": ("tests/local/test_dashboard.py", '"-m", "local.dashboard"'),
    "make demo": ("tests/test_demo.py", '"agent", "demo"'),
    "arena stack": ("tests/agent/commands/test_stack_command.py", "stack()"),
    "pytest": (".ci/run", "make test"),
}
#: SQL that wants an extension that is not here; its test takes it apart.
SQL_ELSEWHERE = {"docs/queue.md"}


def elsewhere(command: Command) -> str | None:
    """The first words by which another test runs it."""
    return next((each for each in ELSEWHERE if f"{command.text} ".startswith(f"{each} ")), None)


@pytest.fixture(scope="module")
def project() -> Iterator[LocalStack]:
    """A Supabase of their own, for the documents change who may do what in it."""
    with LocalStack() as stack:
        migrate(stack.database_url, policies=[Policy.UPLOADS, Policy.STORAGE])
        stack.reload_schema()
        yield stack


@pytest.fixture(scope="module")
def warm_arena() -> Iterator[WarmArena]:
    with closing(WarmArena()) as arena:
        yield arena


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same for all documents: models that lie where they lay are still loaded."""
    return tmp_path_factory.mktemp("reader")


@pytest.fixture
def reader(project: LocalStack, warm_arena: WarmArena, folder: Path) -> Iterator[Reader]:
    with psycopg.connect(project.database_url) as connection:
        connection.execute("delete from jobs")
        connection.execute("update arena_settings set private = false")
    with closing(Reader(folder / "vision-arena", Project(project), warm_arena)) as reader:
        yield reader


pytestmark = pytest.mark.long

WITH_COMMANDS = [each for each in DOCUMENTS if any(not each.needs for each in commands(each))]


@pytest.mark.parametrize("document", WITH_COMMANDS, ids=name_of)
def test_what_it_says_works(document: Path, reader: Reader) -> None:
    for command in commands(document):
        if not command.needs and not elsewhere(command):
            reader.type(command)
    for block in blocks(document, "sql"):
        if name_of(document) not in SQL_ELSEWHERE:
            reader.project.run_sql(block.text)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("docker run vision-arena", r"No test runs `docker run vision-arena` \(README.md:7\): mark it `# needs …`"),
        ("arena models --catalogue nowhere.toml", r"README.md:7: arena models --catalogue nowhere.toml"),
        ("arena jobs show 99999999", r"README.md:7: arena jobs show 99999999\nThere is no job"),
        ("cp nothing here", r"README.md:7: cp nothing here\ncp: cannot stat"),
    ],
)
def test_what_does_not_work_would_be_noticed(text: str, said: str, reader: Reader) -> None:
    with pytest.raises(AssertionError, match=said):
        reader.type(Command(ROOT / "README.md", 7, text, ""))


@pytest.mark.parametrize("start", ELSEWHERE)
def test_what_is_run_elsewhere_is(start: str) -> None:
    file, words = ELSEWHERE[start]
    assert words in (ROOT / file).read_text("utf-8")
    assert any(elsewhere(command) == start for document in DOCUMENTS for command in commands(document))
