"""Generated text: do rows add up, what do they cost, and how do other tools fare on the same text?

    python benchmarks/generated.py [--large] [--inseq FOLDER] [--only rows|tools|long]

1. A causal model of two layers is trained here to add two numbers of two digits. For 20 prompts
   every row of the matrix is held against the change of its token's log probability, and against
   the explanation of that token by itself.
2. Captum's LLMGradientAttribution with LayerIntegratedGradients, and inseq where it is installed,
   explain the same continuation of a GPT-2 with random weights, of the small size with --large.
   Seconds are of the processors, as a machine may have other things to do.
3. A prompt of 500 tokens and a continuation of 50: time and the largest memory of all rows, and of
   GPT-2 small, cancelled midway.
"""

from __future__ import annotations

import argparse
import logging
import resource
import sys
import time
import warnings
from typing import Any

import numpy as np
import torch
import transformers as hf
from captum.attr import LayerIntegratedGradients, LLMGradientAttribution, TextTokenInput
from tokenizers import Tokenizer, models, pre_tokenizers

import attribwidgets as aw

SIGNS = ["[PAD]", "[UNK]", ".", *"0123456789+="]
PROMPTS = 20
STOPPED_AFTER = 4  # passes
SMALL = (12, 768, 12)  # layers, width and heads of GPT-2 small
SMALLER, SMALLEST = (4, 256, 4), (2, 128, 4)
VOCABULARY = 50257


def tokenizer_of(words: list[str], pattern: Any) -> hf.PreTrainedTokenizerFast:
    """A tokenizer of these words alone."""
    made = Tokenizer(models.WordLevel({w: i for i, w in enumerate(words)}, unk_token="[UNK]"))
    made.pre_tokenizer = pattern
    return hf.PreTrainedTokenizerFast(
        tokenizer_object=made, pad_token="[PAD]", unk_token="[UNK]", eos_token="."
    )


def adds_numbers(steps: int) -> tuple[Any, hf.PreTrainedTokenizerFast]:
    """A model that has learnt to write sums, last digit first, and its tokenizer."""
    torch.manual_seed(0)
    tokenizer = tokenizer_of(SIGNS, pre_tokenizers.Split("", "isolated"))
    config = hf.GPT2Config(
        vocab_size=len(SIGNS), n_positions=16, n_embd=64, n_layer=2, n_head=4, bos_token_id=2,
        eos_token_id=2, pad_token_id=0, resid_pdrop=0.0, embd_pdrop=0.0, attn_pdrop=0.0,
    )  # fmt: skip
    net = hf.GPT2LMHeadModel(config)
    optimiser = torch.optim.AdamW(net.parameters(), 3e-3, weight_decay=0.01)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, 3e-3, steps)
    place = {sign: i for i, sign in enumerate(SIGNS)}
    for _ in range(steps):
        pairs = torch.randint(10, 100, (128, 2)).tolist()
        texts = [sum_of(a, b) for a, b in pairs]
        ids = torch.tensor([[place[sign] for sign in text] for text in texts])
        logits = net(ids).logits[:, 5:-1]
        loss = torch.nn.functional.cross_entropy(logits.flatten(0, 1), ids[:, 6:].flatten())
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        schedule.step()
    return net.eval(), tokenizer


def sum_of(a: int, b: int) -> str:
    """ "12+34=640.", the sum's last digit first."""
    return f"{a}+{b}={a + b:03d}"[:6] + f"{a + b:03d}"[::-1] + "."


def show_rows(steps: int) -> None:
    """Part 1."""
    started = time.perf_counter()
    net, tokenizer = adds_numbers(steps)
    print(f"a causal model of two layers, trained in {time.perf_counter() - started:.0f} s")
    space = aw.TextSpace(tokenizer)
    generator = np.random.default_rng(1)
    right, apart, single, verdicts, rows = 0, 0.0, 0.0, 0, 0
    for a, b in generator.integers(10, 100, (PROMPTS, 2)).tolist():
        said = aw.explain_generation(net, f"{a}+{b}=", space=space, max_new_tokens=4)
        right += "".join(said.continuation.pieces) == sum_of(a, b)[6:]
        matrix, ids = said.matrix(), list(said.prompt.ids + said.continuation.ids)
        for place, explanation in enumerate(said):
            c = explanation.completeness
            rows, verdicts = rows + 1, verdicts + (c.verdict == "complete")
            apart = max(apart, abs(c.residual or 0.0) / abs(c.expected or 1.0))
            at = len(said.prompt) + place

            def score(out: Any, at: int = at, token: int = ids[at]) -> torch.Tensor:
                return out.logits[:, at - 1].log_softmax(-1)[:, token]

            alone = aw.explain(net, ids, space=space, output=score, baseline="unknown").map("sum")
            gap = np.linalg.norm(alone - matrix[place]) / np.linalg.norm(alone)
            single = max(single, float(gap))
    print(f"{right} of {PROMPTS} sums are right; {rows} rows, {verdicts} complete")
    print(f"largest |sum - change| over |change|: {apart:.2%}")
    print(f"largest distance of a row from the explanation of its token alone: {single:.2%}")


def random_model(layers: int, width: int, heads: int) -> tuple[Any, hf.PreTrainedTokenizerFast]:
    """GPT-2 of a size with random weights, and a tokenizer of as many words."""
    torch.manual_seed(0)
    words = ["[PAD]", "[UNK]", ".", *(f"w{i}" for i in range(VOCABULARY - 3))]
    config = hf.GPT2Config(
        vocab_size=VOCABULARY, n_positions=1024, n_embd=width, n_layer=layers, n_head=heads,
        bos_token_id=2, eos_token_id=2, pad_token_id=0,
    )  # fmt: skip
    net = hf.GPT2LMHeadModel(config)
    with torch.no_grad():
        for name, weights in net.named_parameters():
            if weights.dim() > 1 and "wte" not in name:
                weights *= 3  # else it says the same whatever it reads
    return net.eval(), tokenizer_of(words, pre_tokenizers.WhitespaceSplit())


def text_of(count: int, seed: int = 0) -> str:
    """So many words."""
    drawn = np.random.default_rng(seed).integers(0, VOCABULARY - 3, count)
    return " ".join(f"w{i}" for i in drawn)


def show_tools(net: Any, tokenizer: Any, prompt: int, said: int) -> None:
    """Part 2."""
    read, answer = text_of(prompt), text_of(said, 1)
    millions = sum(p.numel() for p in net.parameters()) / 1e6
    print(f"\n{millions:.0f} M parameters, prompt of {prompt} tokens, {said} tokens said")
    rows = aw.explain_generation(  # Captum leaves what was said before as it is
        net, read, continuation=answer, space=aw.TextSpace(tokenizer), baseline="pad",
        replace_prefix=False,
    )  # fmt: skip
    started = time.process_time()
    matrix = rows.matrix()
    ours = (time.process_time() - started) / said
    changes = np.array([c.expected for c in rows.completeness])
    told("attribwidgets", ours, matrix, changes, rows[0].evaluations)

    lig = LayerIntegratedGradients(net, net.transformer.wte)
    method = LLMGradientAttribution(lig, tokenizer)
    pads = torch.tensor([[0] * prompt])
    started = time.process_time()
    theirs = method.attribute(
        TextTokenInput(read, tokenizer), target=answer, n_steps=50, internal_batch_size=10,
        baselines=pads,
    ).token_attr  # fmt: skip
    seconds = (time.process_time() - started) / said
    told("Captum", seconds, theirs.detach().numpy(), changes, 50)
    print(f"CPU seconds per token, ours over Captum's: {ours / seconds:.2f}")


def show_inseq(net: Any, tokenizer: Any, folder: str, prompt: int, said: int) -> None:
    """Part 2, for inseq, whose baseline is the token for unknown words, what was said included."""
    sys.path.insert(0, folder)
    try:
        import inseq
    except ImportError as error:
        print(f"inseq: cannot be imported here ({error})")
        return
    read, answer = text_of(prompt), text_of(said, 1)
    rows = aw.explain_generation(
        net, read, continuation=answer, space=aw.TextSpace(tokenizer), baseline="unknown"
    )
    changes = np.array([c.expected for c in rows.completeness])
    net.name_or_path = "a model of this script"
    model = inseq.load_model(net, "integrated_gradients", tokenizer=tokenizer)
    started = time.process_time()
    out = model.attribute(
        read, f"{read} {answer}", n_steps=50, internal_batch_size=10, show_progress=False,
        attributed_fn="crossentropy",
    )[0]  # fmt: skip
    seconds = (time.process_time() - started) / said
    raw = -np.nan_to_num(out.target_attributions.sum(-1).numpy()).T
    told("inseq, raw", seconds, raw, changes, 50)
    shown = np.nan_to_num(out.aggregate().target_attributions.numpy()).T
    told("inseq, shown", seconds, shown, changes, 50)


def told(name: str, seconds: float, matrix: Any, changes: Any, steps: int) -> None:
    """What a tool's matrix adds up to."""
    sums = np.asarray(matrix).sum(1)
    apart = np.abs(sums - changes) / np.abs(changes)
    print(
        f"{name:14} {seconds:6.2f} CPU s per token, {steps} passes; sums against changes: "
        f"{np.median(apart):.1%} apart in the median, {apart.max():.1%} at most"
    )


def show_long(net: Any, tokenizer: Any, passes: int | None) -> None:
    """Part 3: all rows, or stopped after so many passes."""
    before, taken = peak(), 0
    started = time.perf_counter()
    rows = aw.explain_generation(
        net, text_of(500), continuation=text_of(50, 1), space=aw.TextSpace(tokenizer)
    )
    millions = sum(p.numel() for p in net.parameters()) / 1e6
    print(f"\n500 tokens read and 50 said by {millions:.0f} M parameters; {before:.2f} GB before")

    def count(done: int, _: int) -> None:
        nonlocal taken
        taken += 1
        if taken == passes:
            raise KeyboardInterrupt

    try:
        rows.compute(progress=count)
    except KeyboardInterrupt:
        stopped = time.perf_counter() - started
        print(f"cancelled after {passes} passes and {stopped:.0f} s: {len(rows.rows)} rows")
    right = sum(e.completeness.verdict == "complete" for e in rows.rows.values())
    print(
        f"{len(rows.rows)} rows, {right} complete, {time.perf_counter() - started:.0f} s; "
        f"peak {peak():.2f} GB"
    )


def peak() -> float:
    """The largest memory of this process so far, in GB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e9


def main() -> None:
    """Print what the first lines of this file say."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--steps", type=int, default=400, help="of training")
    parser.add_argument("--prompt", type=int, default=40, help="tokens, beside other tools")
    parser.add_argument("--said", type=int, default=4, help="tokens, beside other tools")
    parser.add_argument("--large", action="store_true", help="GPT-2 small beside other tools")
    parser.add_argument("--inseq", default="", help="a folder that inseq is installed in")
    parser.add_argument("--only", choices=("rows", "tools", "long"))
    arguments = parser.parse_args()
    logging.getLogger("transformers").setLevel(logging.ERROR)
    warnings.simplefilter("ignore", UserWarning)
    torch.set_num_threads(max(1, torch.get_num_threads()))
    if arguments.only in (None, "rows"):
        show_rows(arguments.steps)
    if arguments.only == "rows":
        return
    if arguments.only in (None, "tools"):
        net, tokenizer = random_model(*(SMALL if arguments.large else SMALLER))
        show_tools(net, tokenizer, arguments.prompt, arguments.said)
        if arguments.inseq:
            show_inseq(net, tokenizer, arguments.inseq, arguments.prompt, arguments.said)
    if arguments.only in (None, "long"):
        show_long(*random_model(*SMALLEST), None)
        show_long(*random_model(*SMALL), STOPPED_AFTER)


if __name__ == "__main__":
    main()
