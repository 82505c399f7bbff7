"""Where processes meet, what they say while they wait, and how they end together."""

import os
import signal
import socket
import subprocess
import sys
import time

import pytest
import torch

from freecp_d2.apps.evaluate import build_parser, parse
from freecp_d2.engine import check_dist_url, check_num_processes
from tests.helpers.command import ROOT

PROGRAM = """
import os, sys, time
from freecp_d2.d2 import default_argument_parser
from freecp_d2.engine import launch

def main(args):
    open(f"{args.opts[0]}/{os.getpid()}", "w").close()
    time.sleep(100)

if __name__ == "__main__":
    launch.REPORT_SECONDS = 0.5
    try:
        launch.launch_processes(main, default_argument_parser().parse_args())
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)
"""


@pytest.fixture
def taken():
    """A port that this process listens at."""
    with socket.socket() as sock:
        sock.bind(("", 0))
        sock.listen()
        yield sock.getsockname()[1]


@pytest.fixture
def start(tmp_path):
    """Starts a program of several processes in a group of its own."""
    (tmp_path / "program.py").write_text(PROGRAM)
    (tmp_path / "ids").mkdir()
    started = []

    def do(*arguments):
        command = [sys.executable, str(tmp_path / "program.py"), *arguments, str(tmp_path / "ids")]
        environment = os.environ | {"PYTHONPATH": str(ROOT), "PYTHONWARNINGS": "ignore"}
        pipe = subprocess.PIPE
        started.append(
            subprocess.Popen(
                command, env=environment, stderr=pipe, text=True, start_new_session=True
            )
        )
        return started[-1]

    yield do
    for process in started:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
        process.communicate()


def is_running(pid):
    try:
        with open(f"/proc/{pid}/stat") as file:
            return file.read().rpartition(") ")[2][0] != "Z"
    except FileNotFoundError:
        return False


def check(line):
    check_dist_url(parse(build_parser(), line.split()))


class TestMeetingPlace:
    def test_what_cannot_be_reached_is_refused(self):
        for line, facts in (
            ("--num-machines 2", "--num-machines 2 needs .*--dist-url tcp://"),
            ("--num-machines 2 --dist-url auto", "--num-machines 2 needs .*--dist-url tcp://"),
            ("--num-machines 2 --machine-rank 2", "--machine-rank 2 with --num-machines 2"),
            ("--machine-rank -1", "--machine-rank -1"),
            ("--num-machines 0", "--num-machines 0"),
            ("--num-machines 2 --dist-url 10.0.0.1:50000", "--dist-url 10.0.0.1:50000"),
            ("--num-machines 2 --dist-url tcp://10.0.0.1", "--dist-url tcp://10.0.0.1"),
            ("--num-machines 2 --dist-url tcp://10.0.0.1:99999", "99999"),
            ("--num-machines 2 --dist-url tcp://no.host.invalid:50000", "no host no.host.invalid"),
        ):
            with pytest.raises(ValueError, match=facts):
                check(line)

    def test_a_port_in_use(self, taken):
        for more in ("--num-gpus 2", "--num-machines 2"):
            with pytest.raises(ValueError, match=f"uses port {taken}"):
                check(f"{more} --dist-url tcp://127.0.0.1:{taken}")
        check(f"--num-machines 2 --machine-rank 1 --dist-url tcp://127.0.0.1:{taken}")

    def test_others_are_taken(self, caplog):
        check("--num-gpus 2")
        assert parse(build_parser(), []).dist_url == "auto"
        check("--num-gpus 2 --dist-url file:///tmp/meet")
        assert not caplog.text
        check("--num-machines 2 --machine-rank 1 --dist-url tcp://localhost:50000")
        assert "only this machine" in caplog.text


def test_the_number_of_processes_fits_the_device(monkeypatch):
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)
    monkeypatch.setattr(os, "cpu_count", lambda: 8)
    check_num_processes(1, "cuda:1")
    check_num_processes(2, "cuda")
    check_num_processes(4, "cpu", launched=False)
    for number, device in ((2, "cuda:1"), (3, "cuda"), (4, "cpu")):
        with pytest.raises(ValueError, match=f"--num-gpus {number}"):
            check_num_processes(number, device)
    with pytest.raises(ValueError, match="8 cores"):
        check_num_processes(9, "cpu", launched=False)


def test_options_are_found_behind_keys_and_values():
    line = "--config a.yaml A 1 --num-gpus 2 --import x.py B -1 --resume C 3 --import y.py"
    args = parse(build_parser(), line.split())
    assert args.opts == ["A", "1", "B", "-1", "C", "3"]
    assert (args.num_gpus, args.resume, args.imports) == (2, True, ["x.py", "y.py"])


def test_who_is_waited_for_and_an_interrupt(start, taken):
    """One machine of two: it says what it waits for, and Ctrl-C prints no stack trace."""
    with socket.socket() as sock:
        sock.bind(("", 0))
        url = f"tcp://127.0.0.1:{sock.getsockname()[1]}"
    process = start("--num-machines", "2", "--dist-url", url)
    line = process.stderr.readline()
    assert "--machine-rank [1]" in line
    assert url in line
    os.killpg(process.pid, signal.SIGINT)
    _, rest = process.communicate(timeout=60)
    assert rest.splitlines()[-1] == "interrupted"
    assert "Traceback" not in rest


def test_processes_end_with_the_one_that_started_them(start, tmp_path):
    process = start("--num-gpus", "2", "--dist-url", "auto")
    while len(ids := [int(name) for name in os.listdir(tmp_path / "ids")]) < 2:
        assert process.poll() is None
        time.sleep(0.05)
    process.kill()
    deadline = time.time() + 30
    while any(map(is_running, ids)):
        assert time.time() < deadline
        time.sleep(0.05)
