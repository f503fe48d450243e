"""A project of Supabase, in place of the one that the documents make up."""

import re
import uuid

import cv2
import httpx
import psycopg

from agent.agent_key import AgentKey, JwtSecret
from local import LocalStack
from tests.agent.queue import Queue
from tests.docs.reader_folder import SUPABASE, manifest_of, photograph


class Project:
    """A stack with two photographs in it."""

    def __init__(self, stack: LocalStack) -> None:
        self._stack = stack
        self.agent_key = AgentKey.mint(JwtSecret(stack.jwt_secret), "pod-1", 1).token
        self._upload_photographs()

    def filled_in(self, text: str) -> str:
        """With its own keys and addresses."""
        stack = self._stack
        made_up = {
            r"https://(abcdefgh|my-project|your-project)\.supabase\.co": stack.url,
            r"postgresql://\S*": stack.database_url,
            r"sb_publishable_…": stack.publishable_key,
            r"sb_secret_…": stack.secret_key,
            r"eyJ…": self.agent_key,
            r"your-jwt-secret": stack.jwt_secret,
        }
        for pattern, real in made_up.items():
            text = re.sub(pattern, real.replace("\\", r"\\"), text)
        return text

    def run_sql(self, statement: str) -> None:
        """As in the SQL editor."""
        with psycopg.connect(self._stack.database_url) as connection:
            connection.execute(statement.encode())

    def new_job(self, *, failed: bool = False) -> str:
        """The id of a pending job, or of one that has failed for good."""
        with psycopg.connect(self._stack.database_url, autocommit=True) as connection:
            queue = Queue(connection)
            job = queue.insert()
            if failed:
                _fail(queue)
        return job

    def _upload_photographs(self) -> None:
        for image in manifest_of(SUPABASE, "street/crossing.jpg"):
            _, encoded = cv2.imencode(".jpg", photograph(image))
            httpx.post(
                f"{self._stack.url}/storage/v1/object/{image['image_path'].removeprefix('storage://')}",
                content=encoded.tobytes(),
                headers={"apikey": self._stack.secret_key, "Content-Type": "image/jpeg", "x-upsert": "true"},
            ).raise_for_status()


def _fail(queue: Queue) -> None:
    """The next job, for good."""
    agent = uuid.uuid4()
    queue.run("select register_agent(%s, 'reader', '1', '{}', '{}')", [agent])
    [claim] = queue.run("select job_id, lease_token from claim_job(%s, %s)", [agent, uuid.uuid4()])
    error = '{"code": "bad_image", "message": "It is no image."}'
    queue.run("select fail_job(%s, %s, %s)", [claim["job_id"], claim["lease_token"], error])
