# SPDX-License-Identifier: Apache-2.0
"""The tokenizers and chat templates that make_saved.py saves, and what they make of texts and chats."""
import transformers
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, processors, trainers

TRAINING = ["The krait swims by night, and the night swims by day.", "One krait, two kraits; 3 kraits and 45 more.",
            "Did it rain in the rainforest? It did, it did.\n", "USER: <|SYSTEM|> A NABOB",
            "a  b   c\n\n\td", "Naïve café — 東京 🐍"]
TEXTS = ["The krait swims.", " leading, and trailing ", "One\n\n two\t3  45",
         "<|end|>after a special token<|user|>", "Café 東京 🐍!", "zzz QQ"]
CHATS = [[{"role": "user", "content": "One krait?"}],
         [{"role": "system", "content": "Be short."}, {"role": "user", "content": " rain \n"},
          {"role": "assistant", "content": "It did."}, {"role": "user", "content": "3?"}]]
CHATML = ("{% for message in messages %}{{ '<|' + message.role + '|>' + message['content'] | trim + eos_token }}"
          "{% if not loop.last %}{{ '\n' }}{% endif %}{% endfor %}"
          "{% if add_generation_prompt %}{{ '\n<|assistant|>' }}{% endif %}")
BLOCKS = """{%- if messages[0].role == 'system' -%}
    {{- bos_token ~ messages[0].content ~ '\n' -}}
    {%- set rest = messages[1:] -%}
{%- else -%}
    {{- bos_token -}}
    {%- set rest = messages -%}
{%- endif -%}
{%- for message in rest %}
    {%- if (message.role == 'user') != (loop.index0 % 2 == 0) %}
        {{- raise_exception('roles have to alternate') }}
    {%- endif %}
    {{- message.role | upper ~ ': ' ~ message.content.strip() ~ ('' if loop.last else eos_token) }}
{%- endfor %}
{%- if add_generation_prompt %}{{ eos_token }}{% endif %}"""


def trained(model, lines, vocab_size, **options):
    tokenizer = Tokenizer(model)
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.train_from_iterator(lines, trainers.BpeTrainer(vocab_size=vocab_size, show_progress=False, **options))
    return tokenizer


def bytes_tokenizer():
    """Every byte, some merges, a begin token before each text; special tokens behind all, in two ways."""
    tokenizer = trained(models.BPE(), TRAINING, 281, initial_alphabet=pre_tokenizers.ByteLevel.alphabet())
    tokenizer.add_special_tokens(["<|begin|>", "<|end|>"])
    begin = ("<|begin|>", tokenizer.token_to_id("<|begin|>"))
    tokenizer.post_processor = processors.TemplateProcessing(single="<|begin|> $A", special_tokens=[begin])
    return transformers.PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, bos_token="<|begin|>", eos_token="<|end|>", pad_token="<|end|>",
        additional_special_tokens=["<|user|>", "<|assistant|>"], model_max_length=1000)


def letters_tokenizer():
    """The characters of a few lines of English only, an unknown token for all else, special tokens first."""
    tokenizer = trained(models.BPE(unk_token="<unk>", fuse_unk=True), TRAINING[:5], 111, initial_alphabet=[],
                        special_tokens=["<|end|>", "<unk>", "<|user|>", "<|assistant|>"])
    return transformers.PreTrainedTokenizerFast(tokenizer_object=tokenizer, eos_token="<|end|>", bos_token="<|end|>",
                                                unk_token="<unk>")


def encodings(tokenizer):
    ids = lambda text, add: tokenizer(text, add_special_tokens=add)["input_ids"]
    return [{"text": text, "ids": ids(text, True), "plain": ids(text, False)} for text in TEXTS]


def chats(tokenizer):
    if not tokenizer.chat_template:
        return []
    out = []
    for messages in CHATS:
        for ask in (False, True):
            text = tokenizer.apply_chat_template(messages, tokenize=False, add_generation_prompt=ask)
            ids = tokenizer(text, add_special_tokens=False)["input_ids"]
            out.append({"messages": messages, "ask": ask, "text": text, "ids": ids})
    return out
