# SPDX-License-Identifier: Apache-2.0
"""Ctrl-C in a long call: it ends soon, by KeyboardInterrupt, and the session goes on from where it came to."""
import array
import os
import signal
import threading

import kit
import krait

MANY = 2 * 10 ** 6          # tokens that no machine reads within this test
ONES = array.array("i", [1]) * MANY


class Signals(kit.TestCase):
    def setUp(self):
        # who starts this in the background may have it ignored
        before = signal.signal(signal.SIGINT, signal.default_int_handler)
        self.addCleanup(signal.signal, signal.SIGINT, before)
        self.model = krait.Model(kit.TINY, log=lambda level, text: None)
        self.session = self.model.session(temperature=1, seed=3)
        self.session.clear_stops()
        self.session.feed([1, 2, 3])

    def interrupt(self, call):
        """Presses Ctrl-C while the call, which would take very long, is going on."""
        presser = threading.Timer(0.1, os.kill, (os.getpid(), signal.SIGINT))
        with self.assertRaises(KeyboardInterrupt):
            presser.start()
            call()
        presser.join()

    def goes_on(self, least):
        """What was read is in, and the next calls are not cancelled."""
        position = self.session.position
        self.assertTrue(least <= position < MANY, position)
        self.session.feed([4, 5])
        self.assertEqual(self.session.position, position + 2)
        self.assertEqual(len(self.session.tokens(20)), 20)
        self.assertIsNotNone(self.session.next())
        self.session.rewind(1)
        self.assertEqual(self.session.position, position + 22)

    def test_in_a_feed(self):
        self.interrupt(lambda: self.session.feed(ONES))
        self.goes_on(3)

    def test_in_a_score(self):
        self.interrupt(lambda: self.session.score(ONES))
        self.goes_on(3)

    def test_in_tokens(self):
        self.interrupt(lambda: self.session.tokens(MANY))
        self.goes_on(3)

    def test_in_a_batch(self):
        batch, other = self.model.batch(), self.session.fork()
        batch.add(self.session, ONES)
        batch.add(other)
        self.interrupt(batch.run)
        self.goes_on(3)
        self.assertEqual(len(other.tokens(3)), 3)

    def test_in_generate(self):
        session = kit.demo().session(seed=1)
        session.clear_stops()
        session.feed("Once upon a time")
        seen = []

        def press(piece):
            seen.append(piece)
            if len(seen) == 3:
                os.kill(os.getpid(), signal.SIGINT)
        with self.assertRaises(KeyboardInterrupt):
            for piece in session.generate():
                press(piece)
        self.assertEqual(len(seen), 3)
        self.assertEqual(len(session.tokens(12)), 12)

    def test_while_a_model_opens(self):
        def press(done, total):
            os.kill(os.getpid(), signal.SIGINT)
        with self.assertRaises(KeyboardInterrupt):
            krait.Model(kit.TINY, progress=press)

    def test_a_handler_that_does_not_raise(self):
        """The call goes on to its end."""
        seen = []
        before = signal.signal(signal.SIGINT, lambda number, frame: seen.append(number))
        self.addCleanup(signal.signal, signal.SIGINT, before)
        timer = threading.Timer(0.05, os.kill, (os.getpid(), signal.SIGINT))
        timer.start()
        while not seen:
            self.assertEqual(len(self.session.tokens(500)), 500)
        timer.join()
        self.session.feed([1] * 5000)
        self.assertEqual(seen, [signal.SIGINT])
