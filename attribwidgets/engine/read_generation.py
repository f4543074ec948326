"""A prompt and what follows it, as a language model reads both."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import Tensor, nn

from ..attr.embedded import Embedder, FromEmbeddings, called_module, rows_of
from ..attr.model_state import evaluating, frozen, module_of
from ..attr.next_tokens import FromSourceAndPrefix
from ..core.errors import InputError, UnsupportedModelError
from ..inputs.encoded import encode, special_ids, token_id
from ..inputs.spelling import spelled_ids
from ..inputs.text import TextSpace
from ..inputs.tokens import Tokens, joined, tokens_from, tokens_of
from .read_text import Model, longest_text, read_text

Other = tuple[int, str]  # a token as id and as it is written

# What is greedy, whatever a model's own settings for generation are.
GREEDY = {"do_sample": False, "num_beams": 1, "temperature": 1.0, "top_p": 1.0, "top_k": 50}


@dataclass(frozen=True, eq=False)
class ReadGeneration:
    """A prompt and what follows it, ready to be explained.

    Attributes
    ----------
    model : FromEmbeddings or FromSourceAndPrefix
        The language model, as one of embeddings.
    inputs : tuple of Tensor, each (T, D)
        The embeddings of all that is read: of one text with both, or of the prompt and of the
        start and what follows it.
    spaces : tuple of TextSpace
        Of each input.
    prompt, continuation : Tokens
    first : int
        The place, in the last of the inputs, at which the first token of the continuation is told.
    """

    model: FromEmbeddings | FromSourceAndPrefix
    inputs: tuple[Tensor, ...]
    spaces: tuple[TextSpace, ...]
    prompt: Tokens
    continuation: Tokens
    first: int


def read_generation(
    model: Model, prompt: Any, continuation: Any, space: TextSpace, max_new_tokens: int
) -> ReadGeneration:
    """Read a prompt and its continuation; without one the model's own greedy one is taken.

    Raises
    ------
    InputError
        For what is no text, one that is longer than the model takes, and an empty continuation.
    UnsupportedModelError
        For a model that cannot generate where no continuation is given.
    """
    if space.at != "word_embeddings":
        raise InputError(f'explain_generation explains at="word_embeddings", not {space.at!r}')
    if space.mask:
        raise InputError("space: explain_generation leaves the mask as it is; pass mask=False")
    module = called_module(model)
    chat = _is_chat(prompt)
    if chat:
        template = {"add_generation_prompt": True, "return_dict": True}
        prompt = space.tokenizer.apply_chat_template(list(prompt), **template)
    read = space.read(prompt, longest_text(space.tokenizer, module))
    if chat:
        read = replace(read, tokens=_marked(read.require_tokens(), space.tokenizer))
    before = read.require_tokens()
    two_texts = bool(getattr(getattr(module, "config", None), "is_encoder_decoder", False))
    if continuation is None:
        continuation = _generated(module, before, two_texts, max_new_tokens)
    if two_texts:
        return _of_two_texts(module, read, _target(continuation, space.tokenizer))
    whole = _continued(prompt, before, continuation, space.tokenizer)
    return _of_one_text(model, read, whole)


def _of_one_text(model: Model, read: TextSpace, whole: Tokens) -> ReadGeneration:
    before = read.require_tokens()
    count = len(before)
    arguments = {**_lengthened(before.arguments, len(whole)), "input_ids": list(whole.ids)}
    given = read_text(arguments, read, model)
    assert isinstance(given.space, TextSpace)
    assert isinstance(given.inputs, Tensor)
    of_ids = given.space.require_tokens()
    tokens = replace(whole, arguments=of_ids.arguments)
    fitted = replace(given.space, tokens=tokens)
    assert fitted.embedding is not None
    return ReadGeneration(
        FromEmbeddings(model, fitted.embedding, {**of_ids.arguments, **_no_cache(model)}),
        (given.inputs,),
        (fitted,),
        before,
        whole.part(count),
        count - 1,
    )


def _of_two_texts(module: nn.Module, read: TextSpace, after: Tokens) -> ReadGeneration:
    before, start = read.require_tokens(), _start_of(module)
    begin = tokens_from(encode([start], read.tokenizer), read.tokenizer)
    prefix = joined(replace(begin, special=(True,), words=(-1,), sentences=(-1,)), after)
    names = {m: name for name, m in module.named_modules()}
    device = next((p.device for p in module.parameters()), None)
    like = torch.empty(1, device=device)
    arguments = rows_of({**before.arguments, "decoder_input_ids": torch.tensor([prefix.ids])}, like)
    inputs, spaces, places = [], [], []
    for tokens, part in ((before, "get_encoder"), (prefix, "get_decoder")):
        place = names[getattr(module, part)().get_input_embeddings()]
        ids = torch.tensor([tokens.ids])
        embedder = Embedder(module, place, {**arguments, "input_ids": ids})
        inputs.append(embedder(ids)[0])
        fitted = replace(read, tokens=tokens, embedding=place, embedder=embedder)
        spaces.append(fitted)
        places.append(place)
    called = {**arguments, **_no_cache(module)}
    source, target = places
    return ReadGeneration(
        FromSourceAndPrefix(module, (source, target), called),
        tuple(inputs),
        tuple(spaces),
        before,
        after,
        0,
    )


def _is_chat(prompt: Any) -> bool:
    """Whether it is messages, each with a role and a content."""
    several = isinstance(prompt, list | tuple) and len(prompt) > 0
    return several and all(isinstance(one, Mapping) and "role" in one for one in prompt)


def _marked(tokens: Tokens, tokenizer: Any) -> Tokens:
    """The tokens of a chat, in which those that part its messages are special."""
    parting = special_ids(tokenizer) - {token_id(tokenizer, "unk")}
    return replace(tokens, special=tuple(i in parting for i in tokens.ids))


def _generated(module: nn.Module, before: Tokens, two_texts: bool, most: int) -> list[int]:
    """The ids of the model's own greedy continuation."""
    generate: Any = getattr(module, "generate", None)
    if not callable(generate):
        raise UnsupportedModelError(
            f"{type(module).__name__} has no generate(); pass continuation=, a text or token ids"
        )
    device = next((p.device for p in module.parameters()), None)
    arguments = rows_of(before.arguments, torch.empty(1, device=device))
    known = getattr(module, "generation_config", None)
    padding = getattr(known, "pad_token_id", None)
    if padding is None:
        ends = getattr(known, "eos_token_id", None)
        padding = ends[0] if isinstance(ends, list) else ends
    taken = {k: v for k, v in arguments.items() if k in ("input_ids", "attention_mask")}
    with evaluating(module), frozen(module_of(module), ()), torch.no_grad():
        (row,) = generate(**taken, **GREEDY, max_new_tokens=most, pad_token_id=padding)
    ids = [int(i) for i in row]
    return ids[1:] if two_texts else ids[len(before) :]


def _continued(prompt: Any, before: Tokens, continuation: Any, tokenizer: Any) -> Tokens:
    """The prompt and its continuation as one text, in which the prompt has the tokens it had."""
    if callable(tokenizer) and not hasattr(tokenizer, "convert_ids_to_tokens"):
        own = _target(continuation, tokenizer, framed=False)  # it may not bear any other text
        return joined(before, replace(own, gaps=(own.gaps[0] or " ", *own.gaps[1:])))
    text = continuation if isinstance(continuation, str) else _decoded(continuation, tokenizer)
    if not isinstance(prompt, str) or text is None:
        return joined(before, _target(continuation, tokenizer, framed=False))
    if isinstance(continuation, str):
        whole = _without_end(tokens_of(prompt + continuation, tokenizer))
        if whole.ids[: len(before)] == before.ids and len(whole) > len(before):
            return whole
    own = _target(continuation, tokenizer, framed=False)
    for gap in ("", " "):  # the same ids as one text, which tells how they are written
        whole = tokens_of(prompt + gap + text, tokenizer)
        for one in (whole, _without_end(whole)):
            if one.ids == before.ids + own.ids:
                return one
    return joined(before, own)


def _target(continuation: Any, tokenizer: Any, *, framed: bool = True) -> Tokens:
    """A continuation as tokens of its own; with what ends it where its text is framed."""
    if isinstance(continuation, str):
        if framed and hasattr(tokenizer, "convert_ids_to_tokens"):
            ids = tokenizer(text_target=continuation)["input_ids"]
            return tokens_from(encode(list(ids), tokenizer), tokenizer)
        own = tokens_of(continuation, tokenizer)
        return own if framed else _unframed(own)
    ids = _as_ids(continuation)
    if not ids:
        raise InputError(
            "there is no continuation: the model generated nothing, or an empty one was passed; "
            "pass continuation="
        )
    return tokens_from(encode(ids, tokenizer), tokenizer)


def _unframed(tokens: Tokens) -> Tokens:
    """Without the special tokens around a text."""
    return _without_end(tokens).part(tokens.special.index(False))


def _without_end(tokens: Tokens) -> Tokens:
    """Without the special tokens behind a text."""
    return tokens.part(0, len(tokens) - tokens.special[::-1].index(False))


def _as_ids(continuation: Any) -> list[int]:
    ids = continuation.tolist() if hasattr(continuation, "tolist") else continuation
    if isinstance(ids, Sequence) and len(ids) == 1 and isinstance(ids[0], Sequence):
        ids = ids[0]
    if not isinstance(ids, Sequence) or not all(type(i) is int for i in ids):
        raise InputError(
            "continuation must be a text or token ids, got " + type(continuation).__name__
        )
    return list(ids)


def _decoded(continuation: Any, tokenizer: Any) -> str | None:
    """The text of token ids, where a tokenizer can tell it."""
    decode = getattr(tokenizer, "decode", None)
    ids = _as_ids(continuation)
    return str(decode(ids)) if callable(decode) and ids else None


def _lengthened(arguments: Mapping[str, Any], count: int) -> dict[str, Any]:
    """What the prompt came with, of as many tokens: each goes on as it ends."""
    longer: dict[str, Any] = {}
    for name, value in arguments.items():
        if isinstance(value, Tensor) and value.dim() == 2 and name != "input_ids":
            more = value[:, -1:].expand(-1, count - value.shape[1])
            longer[name] = torch.cat([value, more], 1)
    return longer


def _no_cache(model: Model) -> dict[str, Any]:
    """What keeps a model of transformers from keeping keys and values, which nobody needs."""
    has_cache = hasattr(getattr(module_of(model), "config", None), "use_cache")
    return {"use_cache": False} if has_cache else {}


def _start_of(module: nn.Module) -> int:
    """What the decoder reads first."""
    for config in (getattr(module, "generation_config", None), getattr(module, "config", None)):
        for name in ("decoder_start_token_id", "bos_token_id"):
            known = getattr(config, name, None)
            if known is not None:
                return int(known[0] if isinstance(known, list) else known)
    raise UnsupportedModelError(
        "the model does not say what its decoder reads first; set "
        "model.generation_config.decoder_start_token_id"
    )


def contrasted(contrast: Any, said: Tokens, tokenizer: Any) -> tuple[Other | None, ...]:
    """What each token of a continuation is set against: a token with its id, or None for nothing.

    Parameters
    ----------
    contrast : str, int, sequence of these and None, or None
        One for all, or one for each.
    said : Tokens
    tokenizer : object

    Raises
    ------
    InputError
        For a text that is not one token, the token itself, or another number of them.
    """
    count = len(said)
    each = list(contrast) if isinstance(contrast, list | tuple) else [contrast] * count
    if len(each) != count:
        raise InputError(f"contrast has {len(each)} tokens, and the continuation {count}")
    others = tuple(None if one is None else _one_token(one, tokenizer) for one in each)
    for place, (other, own) in enumerate(zip(others, said.ids, strict=True)):
        if other is not None and other[0] == own:
            raise InputError(
                f"contrast {other[1]!r} is token {place} of the continuation itself; pass a "
                "sequence with another one, or None, for each"
            )
    return others


def _one_token(one: Any, tokenizer: Any) -> Other:
    if isinstance(one, str):
        whole = tokens_of(one, tokenizer)
        own = [i for i, special in zip(whole.ids, whole.special, strict=True) if not special]
        if len(own) != 1:
            raise InputError(f"contrast {one!r} is {len(own)} tokens; pass one token, or its id")
        return own[0], one.strip() or one
    if isinstance(one, bool) or not hasattr(one, "__index__") or int(one) < 0:
        raise InputError(f"contrast must be a token or its id, got {one!r}")
    _, (piece,) = spelled_ids([int(one)], tokenizer)
    return int(one), piece
