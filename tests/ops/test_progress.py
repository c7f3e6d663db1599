"""Progress of hosts reaches every listener, from any thread, while it listens."""

import threading

from components.hosts import progress


def test_listeners_hear_while_they_listen():
    heard = []
    progress.report("a", "venv", "start")
    with progress.listen(heard.append):
        with progress.listen(heard.append):
            progress.report("a", "venv", "done", 1.5, "reused")
        progress.report("a", "gate", "start")
    progress.report("a", "gate", "done")
    both = progress.HostStep("a", "venv", "done", 1.5, "reused")
    assert heard == [both, both, progress.HostStep("a", "gate", "start")]


def test_many_threads_lose_nothing():
    heard = []
    with progress.listen(heard.append):
        threads = [threading.Thread(target=lambda: [progress.report("a", "s", "start") for _ in range(200)]) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert len(heard) == 1600
