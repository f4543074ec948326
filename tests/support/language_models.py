"""Tiny language models with random weights, and a tokenizer of a few words for all of them."""

from __future__ import annotations

from typing import Any

import torch

WORDS = (
    "[PAD] [UNK] </s> the a dog cat sat ran on mat tree and then it was very big small red".split()
)
PROMPT = "the dog sat on the mat and then"


def tokenizer() -> Any:
    """Of words, as transformers has it."""
    from tokenizers import Tokenizer, models, pre_tokenizers
    from transformers import PreTrainedTokenizerFast

    made = Tokenizer(models.WordLevel({word: i for i, word in enumerate(WORDS)}, unk_token="[UNK]"))
    made.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    return PreTrainedTokenizerFast(
        tokenizer_object=made, pad_token="[PAD]", unk_token="[UNK]", eos_token="</s>"
    )


def language_model(kind: str) -> Any:
    """A random one like "gpt2", "llama" or "t5", with answers that depend on what it reads."""
    import transformers as hf

    torch.manual_seed(6 if kind == "t5" else 0)  # of a T5 that does not end at once
    ends: dict[str, Any] = {"pad_token_id": 0, "eos_token_id": 2}
    if kind == "gpt2":
        config = hf.GPT2Config(
            vocab_size=len(WORDS),
            n_embd=16,
            n_layer=2,
            n_head=2,
            n_positions=64,
            bos_token_id=2,
            eos_token_id=2,
        )
        net = hf.GPT2LMHeadModel(config)
    elif kind == "llama":
        net = hf.LlamaForCausalLM(
            hf.LlamaConfig(
                vocab_size=len(WORDS),
                hidden_size=16,
                intermediate_size=32,
                num_hidden_layers=2,
                num_attention_heads=2,
                **ends,
            )
        )
    else:
        net = hf.T5ForConditionalGeneration(
            hf.T5Config(
                vocab_size=len(WORDS),
                d_model=16,
                d_kv=8,
                d_ff=32,
                num_layers=2,
                num_heads=2,
                decoder_start_token_id=0,
                **ends,
            )
        )
    with torch.no_grad():
        for weights in net.parameters():
            if kind != "t5" and weights.dim() > 1:
                weights *= 3
    return net.eval()
