# SPDX-License-Identifier: Apache-2.0
"""Tokenizers, decoders and chats."""
import os

import kit
import krait


class Tokenizers(kit.TestCase):
    def test_golden(self):
        tokenizer = krait.Tokenizer(os.path.join(kit.SOURCE, "models", "demo"))
        lines = kit.read_lines("tokenizer", "demo.jsonl")
        self.assertGreater(len(lines), 20)
        for line in lines:
            ids = tokenizer.encode(line["text"], parse_special=line.get("parse_special", True), add_special=line.get("add_special", True))
            self.assertEqual(ids, line["ids"])
        text = "Once upon a time, caf\u00e9 \U0001f600 \u4f60\u597d \0 end"
        self.assertEqual(tokenizer.decode(tokenizer.encode(text)), text)
        self.assertEqual(tokenizer.encode(text), tokenizer.encode(text.encode()))
        self.assertEqual(tokenizer.encode(b"\xff"), tokenizer.encode("\ufffd"))
        long = "word " * 20000
        self.assertEqual(tokenizer.decode(tokenizer.encode(long)), long)

    def test_special(self):
        tokenizer = kit.demo().tokenizer
        end = tokenizer.find("<|endoftext|>")
        self.assertIsNotNone(end)
        self.assertIsNone(tokenizer.find("no such token"))
        self.assertEqual(tokenizer.encode("<|endoftext|>", parse_special=True), [end])
        self.assertGreater(len(tokenizer.encode("<|endoftext|>")), 1)
        self.assertEqual(tokenizer.decode([end]), "<|endoftext|>")
        self.assertEqual(tokenizer.decode([end], skip_special=True), "")
        self.assertEqual(len(tokenizer), 4096)

    def test_decoder(self):
        tokenizer = kit.demo().tokenizer
        text = "\u4f60\u597d caf\u00e9"
        ids = tokenizer.encode(text)
        decoder = tokenizer.decoder()
        pieces = [decoder.push(token) for token in ids]
        self.assertEqual("".join(pieces) + decoder.flush(), text)
        self.assertIn("", pieces)
        decoder.push(ids[0])
        self.assertEqual(decoder.flush().strip("\ufffd"), "")


class Chats(kit.TestCase):
    def test_golden(self):
        model = kit.demo()
        for case in kit.read_json("demo", "chat_vectors.json"):
            chat = model.chat()
            for message in case["messages"]:
                chat.add(message["role"], message["content"])
            self.assertEqual(chat.render(case["add_generation_prompt"]), case["text"])
            if "ids" in case:
                self.assertEqual(chat.encode(case["add_generation_prompt"]), case["ids"])
            session = model.session()
            chat.feed(session)
            self.assertEqual(session.position, len(chat.encode()))

    def test_templates(self):
        for name in "chatml", "content-parts", "falcon3-tools":
            file = kit.read_json("templates", name + ".json")
            for case in file["cases"]:
                chat = krait.Chat()
                chat.set_template(file["source"])
                tools = {"tools": case["tools"]} if "tools" in case else {}
                for key, value in {**file["variables"], **tools}.items():
                    chat.set(key, value)
                for message in case["messages"]:
                    chat.add_message(message)
                if "expect" in case:
                    self.assertEqual(chat.render(case["add_generation_prompt"]), case["expect"], case["name"])
                else:
                    with self.assertRaises(krait.Error):
                        chat.render(case["add_generation_prompt"])

    def test_conversation(self):
        model = kit.demo()
        chat, session = model.chat(), model.session(temperature=0, max_new_tokens=20)
        chat.add("user", "Tell me a story about the wolf.")
        chat.feed(session)
        answer = "".join(session.generate())
        self.assertTrue(answer)
        chat.add("assistant", answer)
        chat.add("user", "Go on.")
        before = session.position
        pending = chat.pending(session)
        chat.feed(session)
        self.assertEqual(chat.reused, before)
        self.assertEqual(session.position, before + len(pending))
        chat.resume(session)
        with self.assertRaises(krait.MismatchError):
            chat.resume(model.session(temperature=0))
        self.assertTrue(before < session.position < before + 40)
        session.tokens(5)
        chat.add("assistant", "Not what was said.")
        chat.feed(session)
        self.assertEqual(session.position, len(chat.encode()))
        chat.clear()
        chat.add("user", "Another conversation.")
        chat.feed(model.session())

    def test_errors(self):
        chat = krait.Chat()
        with self.assertRaisesRegex(krait.UnsupportedError, "template"):
            chat.render()
        with self.assertRaisesRegex(krait.Error, "line 2"):
            chat.set_template("a\n{% nothing %}")
        with self.assertRaises(krait.ArgumentError):
            chat.add_message(7)
        chat.set_template("chatml")
        chat.add("user", "x")
        with self.assertRaises(krait.Error):
            chat.encode()
