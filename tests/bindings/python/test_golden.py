# SPDX-License-Identifier: Apache-2.0
"""The numbers of the golden models, through arrays of the caller's."""
import array
import math
import os

import kit
import krait


class Golden(kit.TestCase):
    def test_logits_hidden_and_greedy(self):
        for case in kit.CASES:
            with self.subTest(case=case):
                answers = kit.golden(case)
                tokens = answers["tokens"]
                with krait.Model(os.path.join(kit.DATA, "golden", case)) as model:
                    session = model.session(temperature=0, keep_positions=len(tokens))
                    session.clear_stops()
                    session.feed(tokens)
                    logits, hidden = session.logits(), session.hidden()
                    self.assertEqual(logits.shape, (len(tokens), model.vocab_size))
                    self.assertEqual(hidden.shape, (len(tokens), model.width))
                    self.assertLess(kit.distance(kit.flat(logits), answers["logits"]), 1e-5)
                    self.assertLess(kit.distance(kit.flat(hidden), answers["hidden"]), 1e-5)
                    self.assertEqual(session.tokens(24), list(answers["greedy"]))

    def test_score(self):
        answers = kit.golden("mamba2-hf-f32")
        tokens, logits = answers["tokens"], answers["logits"]
        with krait.Model(kit.TINY) as model:
            for given in tokens, list(tokens), iter(tokens):
                scores = model.session().score(given)
                self.assertTrue(math.isnan(scores[0]))
                for i in range(1, len(tokens)):
                    row = logits[(i - 1) * model.vocab_size:i * model.vocab_size]
                    total = math.log(sum(math.exp(x - max(row)) for x in row)) + max(row)
                    self.assertAlmostEqual(scores[i], row[tokens[i]] - total, delta=2e-5)

    def test_embeddings(self):
        weights = kit.safetensors(os.path.join(kit.TINY, "model.safetensors"))
        table = next(weights[name] for name in weights if name.endswith("embeddings.weight"))
        tokens = kit.golden("mamba2-hf-f32")["tokens"]
        with krait.Model(kit.TINY) as model:
            width, fed, vectors = model.width, model.session(), model.session()
            rows = array.array("f")
            for token in tokens:
                rows += table[token * width:(token + 1) * width]
            fed.feed(tokens)
            vectors.feed_embeddings(memoryview(rows).cast("B").cast("f", (len(tokens), width)))
            self.assertEqual(fed.logits().tobytes(), vectors.logits().tobytes())
            with self.assertRaises(TypeError):
                vectors.feed_embeddings(rows)
            with self.assertRaisesRegex(krait.ArgumentError, "wide"):
                vectors.feed_embeddings(memoryview(rows).cast("B").cast("f", (width, len(tokens))))

    def test_demo_text(self):
        answers = kit.safetensors(os.path.join(kit.DATA, "demo", "golden.safetensors"))
        model = kit.demo()
        session = model.session(temperature=0)
        session.feed(answers["tokens"])
        self.assertLess(kit.distance(session.logits(), answers["logits"][-model.vocab_size:]), 1e-5)
        greedy = list(answers["greedy"])
        self.assertEqual("".join(session.generate(64)), model.tokenizer.decode(greedy))


class Arrays(kit.TestCase):
    def setUp(self):
        self.session = kit.demo().session()
        self.session.feed("Once upon a time")

    def test_written_in_place(self):
        out = array.array("f", bytes(4 * 4096))
        self.assertIs(self.session.logits(out), out)
        self.assertEqual(out.tobytes(), self.session.logits().tobytes())
        hidden = array.array("f", bytes(4 * 300))
        self.session.hidden(hidden)
        self.assertEqual(hidden[:256].tobytes(), self.session.hidden().tobytes())
        self.assertEqual(hidden[256:].tobytes(), bytes(4 * 44))

    def test_numpy(self):
        try:
            import numpy
        except ImportError:
            self.skipTest("numpy is not here")
        out = numpy.zeros((2, 4096), numpy.float32)
        self.session.logits(out[1])
        self.assertFalse(out[0].any())
        view = self.session.logits()
        as_array = numpy.asarray(view)
        self.assertEqual(as_array.dtype, numpy.float32)
        self.assertTrue(numpy.shares_memory(as_array, numpy.frombuffer(view, numpy.float32)))
        self.assertTrue((as_array == out[1]).all())
        for dtype in numpy.int32, numpy.int64, numpy.uint16:
            session = kit.demo().session()
            session.feed(numpy.array([1, 2, 3], dtype))
            self.assertEqual(session.position, 3)
        vectors = numpy.ones((3, 256), numpy.float32)
        session.feed_embeddings(vectors)
        with self.assertRaises((TypeError, ValueError, BufferError)):
            session.feed_embeddings(vectors[:, ::-1])
        with self.assertRaises(TypeError):
            session.feed_embeddings(vectors.astype(numpy.float64))
        with self.assertRaises(TypeError):
            session.logits(numpy.zeros(4096))
        scores = numpy.zeros(3, numpy.float32)
        session.score(numpy.array([1, 2, 3], numpy.int32), scores)
        self.assertTrue((scores < 0).all())

    def test_wrong_arrays(self):
        for bad in bytearray(4 * 4096), array.array("d", bytes(8 * 4096)), array.array("i", bytes(4 * 4096)):
            with self.assertRaisesRegex(TypeError, "float32"):
                self.session.logits(bad)
        with self.assertRaises((TypeError, BufferError)):
            self.session.logits(memoryview(bytes(4 * 4096)).cast("f"))
        with self.assertRaisesRegex(krait.SpaceError, "4096 are needed"):
            self.session.logits(array.array("f", bytes(4 * 4095)))
        with self.assertRaises(TypeError):
            self.session.logits([0.0] * 4096)

    def test_tokens_of_any_kind(self):
        position = self.session.position
        for good in [1, 2], (1, 2), range(1, 3), array.array("q", [1, 2]), array.array("i", [1, 2]), iter([1, 2]):
            self.session.feed(good)
            position += 2
            self.assertEqual(self.session.position, position)
        for bad, error in ([1.5], TypeError), (["a"], TypeError), ([1 << 31], OverflowError), (7, TypeError), (None, TypeError):
            with self.assertRaises(error):
                self.session.feed(bad)
        with self.assertRaisesRegex(krait.ArgumentError, "4096"):
            self.session.feed([1, 4096])
        self.assertEqual(self.session.position, position)

    def test_kept_positions(self):
        session = kit.demo().session(keep_positions=7)
        for n in range(1, 12):
            session.feed(range(1, n + 1))
            self.assertEqual(session.hidden().shape, (min(n, 7), 256))
        session.next()
        self.assertEqual(session.logits().shape, (1, 4096))


