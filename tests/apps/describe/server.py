"""A local server that speaks OpenAI's chat completions, with faults on request."""

import hashlib
import http.server
import itertools
import json
import re
import threading
import time
from contextlib import contextmanager, suppress

REFUSAL = "I'm sorry, but as an AI language model I cannot describe that."
_BROKEN = {
    "malformed": b'{"choices": [{"mess',
    "cut": b'{"choices": [{"message": ',
    "slow": b"{}",
}


class Model:
    """
    Attributes:
        faults: of the next requests, first in, first out: a status, (status, headers), "malformed",
            "cut", "slow", "refusal", ("sentences", count), ("after", seconds: a good
            answer), "parts" (a good answer as a list).
        always: a fault of every request.
        forbidden: words whose questions are answered with 400 at once.
        delay: seconds before each good answer; `slow` seconds before a "slow" one.
        prompts, headers, payloads, times: of each request, in order.
        served: word -> number of sentences in good answers.
        most_in_flight: largest number of requests that were open at the same time.
    """

    def __init__(self):
        self.faults: list = []
        self.always = None
        self.forbidden: set[str] = set()
        self.delay, self.slow = 0.0, 3.0
        self.prompts, self.headers, self.payloads, self.times = [], [], [], []
        self.served: dict[str, int] = {}
        self.in_flight = self.most_in_flight = 0
        self.lock = threading.Lock()
        self.serial = itertools.count()
        self.url = ""

    def enter(self, payload, headers):
        with self.lock:
            self.in_flight += 1
            self.most_in_flight = max(self.most_in_flight, self.in_flight)
            self.prompts.append(payload["messages"][0]["content"])
            self.headers.append(headers)
            self.payloads.append(payload)
            self.times.append(time.monotonic())
            if word_of(self.prompts[-1]) in self.forbidden:
                return 400
            return self.faults.pop(0) if self.faults else self.always

    def leave(self):
        with self.lock:
            self.in_flight -= 1

    def sentences(self, prompt, count=None):
        """As many different sentences about the word of a prompt as it asks for."""
        word = word_of(prompt)
        wanted = re.search(r"Write (one|\d+) ", prompt)[1]
        count = count or (1 if wanted == "one" else int(wanted))
        with self.lock:
            self.served[word] = self.served.get(word, 0) + count
            return "\n".join(sentence(word, next(self.serial)) for _ in range(count))


def word_of(prompt):
    return re.search(r"names the (.+?), and says", prompt)[1]


def sentence(word, number):
    """A sentence that shares little with that of any other number."""
    digest = hashlib.sha256(str(number).encode()).hexdigest()
    parts = ["x" + digest[i : i + 5] for i in range(0, 30, 5)]
    return f"The {word} shows {' '.join(parts)}."


def handler_of(model):
    class Handler(http.server.BaseHTTPRequestHandler):
        def log_message(self, *_):
            pass

        def do_POST(self):
            body = self.rfile.read(int(self.headers["Content-Length"]))
            payload = json.loads(body)
            fault = model.enter(payload, dict(self.headers))
            with suppress(BrokenPipeError, ConnectionResetError):
                self.answer(payload["messages"][0]["content"], fault)

        def answer(self, prompt, fault):
            kind, value = fault if isinstance(fault, tuple) else (fault, None)
            rejected = 0.0 if kind == 400 else model.delay
            time.sleep({"slow": model.slow, "after": value}.get(kind, rejected))
            if isinstance(kind, int):
                self.send(b'{"error": {"message": "not now"}}', kind, value)
            elif fault in _BROKEN:
                self.send(_BROKEN[fault], length=5000 if fault == "cut" else None)
            else:
                count = value if kind == "sentences" else None
                text = REFUSAL if fault == "refusal" else model.sentences(prompt, count)
                part = {"type": "text", "text": text}
                content = [{"type": "reasoning", "text": "Hm."}, part] if fault == "parts" else text
                message = {"role": "assistant", "content": content}
                self.send(json.dumps({"choices": [{"index": 0, "message": message}]}).encode())

        def send(self, body, status=200, headers=None, length=None):
            model.leave()  # before the client can know that it has its answer, and ask again
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(length or len(body)))
            for key, value in (headers or {}).items():
                self.send_header(key, value)
            self.end_headers()
            self.wfile.write(body)
            self.close_connection = True

    return Handler


@contextmanager
def serve():
    """A running `Model` on a free port of this machine."""
    model = Model()
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler_of(model))
    server.daemon_threads = True
    model.url = f"http://127.0.0.1:{server.server_port}/v1"
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield model
    finally:
        server.shutdown()
        server.server_close()
