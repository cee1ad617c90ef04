"""Celery with Redis at work that does nothing, for the topic `durable-pg`.

`celery -A celery_noop worker` takes the application from here. As a program it reads a number from each line of its
standard input, enqueues so many tasks, one message each, waits for all their results together, and answers with the
seconds that took. PEER_REDIS is the server's address.

Celery's own way to wait subscribes to each result when its task is enqueued. To ask for all that are open, many at
once, does half as many tasks again in a second, so that is how it is done here.
"""

import os
import sys
import time

from celery import Celery

REDIS = os.environ["PEER_REDIS"]

# Longest that a round may take, seconds.
LIMIT = 300
# Results that are asked for in one command, and the rest between two looks at all that are open, seconds.
AT_ONCE = 500
REST = 0.1

app = Celery("celery_noop", broker=f"{REDIS}/0", backend=f"{REDIS}/1")
app.conf.update(
    # A task that is done is acknowledged after its work, and its result is kept: what the other side does, too.
    task_acks_late=True,
    task_ignore_result=False,
    # Nothing that is not needed for that.
    task_send_sent_event=False,
    worker_send_task_events=False,
    broker_connection_retry_on_startup=True,
)


@app.task(name="noop")
def noop():
    return None


def run(tasks):
    """Seconds from the first task's enqueueing until all results are there."""
    begun = time.monotonic()
    backend = app.backend
    # One connection for all of them.
    with app.producer_pool.acquire(block=True) as producer:
        open_ones = [noop.apply_async(producer=producer).id for _ in range(tasks)]
    while open_ones:
        left = []
        for at in range(0, len(open_ones), AT_ONCE):
            some = open_ones[at : at + AT_ONCE]
            found = backend.mget([backend.get_key_for_task(task) for task in some])
            left += [task for task, result in zip(some, found) if result is None]
            if any(result is not None and b"SUCCESS" not in result for result in found):
                sys.exit("a task has failed")
        open_ones = left
        if open_ones:
            if time.monotonic() - begun > LIMIT:
                sys.exit(f"{len(open_ones)} of {tasks} tasks have not ended within {LIMIT} s")
            time.sleep(REST)
    return time.monotonic() - begun


def main():
    # No subscription when a task is enqueued.
    app.backend.on_task_call = lambda producer, task_id: None
    for line in sys.stdin:
        print(run(int(line)), flush=True)


if __name__ == "__main__":
    main()
