# SPDX-License-Identifier: Apache-2.0
"""Threads and the GIL; what is opened again and again."""
import gc
import resource
import threading
import time

import kit
import krait


def in_threads(n, work):
    """Runs work(i) in n threads; raises what one of them raised."""
    trouble = []

    def run(i):
        try:
            work(i)
        except BaseException as error:
            trouble.append(error)
    threads = [threading.Thread(target=run, args=(i,)) for i in range(n)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if trouble:
        raise trouble[0]


class Threads(kit.TestCase):
    def test_sessions_of_one_model(self):
        model = kit.demo()

        def tell(seed):
            with model.session(seed=seed) as session:
                session.feed("Once upon a time")
                return session.tokens(25)
        expected, found = [tell(i) for i in range(6)], {}
        in_threads(6, lambda i: found.__setitem__(i, tell(i)))
        self.assertEqual([found[i] for i in range(6)], expected)

    def test_others_run_meanwhile(self):
        session, counted, done = kit.demo().session(), [0], threading.Event()

        def count():
            while not done.is_set():
                counted[0] += 1
                time.sleep(0.0005)
        counter = threading.Thread(target=count)
        counter.start()
        before = counted[0]
        session.feed([1] * 3000)
        during = counted[0] - before
        done.set()
        counter.join()
        self.assertGreater(during, 3)

    def test_cancel_from_another_thread(self):
        started = threading.Event()
        with krait.Model(kit.DATA + "/../../models/demo", progress=lambda done, total: started.set()) as model:
            session = model.session()
            started.clear()

            def stop():
                started.wait(30)
                session.cancel()
            stopper = threading.Thread(target=stop)
            stopper.start()
            with self.assertRaises(krait.Cancelled):
                session.feed([1] * 200000)
            stopper.join()
            self.assertTrue(0 < session.position < 200000)
            session.feed([1])

    def test_one_session_in_two_threads(self):
        inside, busy = threading.Event(), []
        with krait.Model(kit.DATA + "/../../models/demo", progress=lambda done, total: inside.set()) as model:
            session = model.session()
            inside.clear()
            feeder = threading.Thread(target=lambda: session.feed([1] * 3000))
            feeder.start()
            inside.wait(30)
            for call in session.next, lambda: session.piece, lambda: session.position, session.snapshot, lambda: session.seed:
                try:
                    call()
                except krait.BusyError as error:
                    busy.append(str(error))
            held = session
            session = None
            feeder.join()
            self.assertEqual(held.position, 3000)
        self.assertEqual(len(busy), 5)
        self.assertIn("another thread", busy[0])

    def test_close_while_another_thread_reads(self):
        inside = threading.Event()
        with krait.Model(kit.DATA + "/../../models/demo", progress=lambda done, total: inside.set()) as model:
            session = model.session()
            inside.clear()
            feeder = threading.Thread(target=lambda: session.feed([1] * 2000))
            feeder.start()
            inside.wait(30)
            session.close()
            model.close()
            feeder.join()
            with self.assertRaises(ValueError):
                session.next()

    def test_everything_at_once(self):
        model, stop = kit.demo(), time.monotonic() + 1.5
        session, batch = model.session(), model.batch()
        session.feed([1, 2, 3])

        def work(i):
            while time.monotonic() < stop:
                try:
                    if i == 0:
                        batch.clear()
                        batch.add(session)
                        batch.run()
                    elif i == 1:
                        session.tokens(3)
                    elif i == 2:
                        session.piece_bytes, session.end_reason, session.position
                    elif i == 3:
                        session.restore(session.snapshot())
                    else:
                        session.fork().close()
                except krait.BusyError:
                    pass
        in_threads(5, work)
        self.assertGreater(session.position, 3)


class Leaks(kit.TestCase):
    def resident(self):
        gc.collect()
        with open("/proc/self/statm", encoding="ascii") as file:
            return int(file.read().split()[1]) * resource.getpagesize()

    def flat(self, n, work):
        for _ in range(n // 10):
            work()
        before = self.resident()
        for _ in range(n):
            work()
        self.assertLess(self.resident() - before, 1 << 20)

    def test_open_and_close(self):
        def work():
            with krait.Model(kit.TINY, threads=1) as model, model.session() as session:
                session.feed([1])
        self.flat(10000, work)

    def test_sessions(self):
        with krait.Model(kit.TINY, threads=1) as model:
            def work():
                with model.session(seed=1) as session:
                    session.feed([1, 2, 3])
                    session.fork().restore(session.snapshot())
                    try:
                        session.feed([-5])
                    except krait.ArgumentError:
                        pass
            self.flat(10000, work)

    def test_sessions_and_texts(self):
        model = kit.demo()

        def work():
            session = model.session(seed=1)
            session.feed([1])
            state = session.snapshot()
            session.fork().restore(state)
            session.logits()
            model.tokenizer.encode("Once upon a time")
            chat = model.chat()
            chat.add("user", "hello")
            chat.render()
        self.flat(1000, work)

    def test_failures(self):
        model, session = kit.demo(), kit.demo().session()

        def work():
            for call in (lambda: krait.Model("/no/such"), lambda: model.read(b"x" * 1000), lambda: session.feed([1, 2, 9999]),
                         lambda: session.feed([1, "x"]), lambda: session.logits(bytearray(4)),
                         lambda: krait.Model(kit.TINY, progress=lambda done, total: 1 / 0)):
                try:
                    call()
                except (krait.Error, TypeError, ZeroDivisionError):
                    pass
        self.flat(1500, work)
