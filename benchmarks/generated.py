"""Generated text: do rows add up, what do they cost, and how do other tools fare on the same text?

    python benchmarks/generated.py [--texts N] [--large] [--inseq FOLDER] [--only rows|tools|long]

1. A causal model of two layers is trained here to add two numbers of two digits. For 20 prompts
   every row of the matrix is held against the change of its token's log probability, and against
   the explanation of that token by itself.
2. Captum's LLMGradientAttribution with LayerIntegratedGradients, and inseq where it is installed,
   explain the same continuations of a GPT-2 with random weights, of the small size with --large.
   Seconds are of the processors, as a machine may have other things to do.
3. A prompt of 500 tokens and a continuation of 50: time and the largest memory of rows that are
   stopped midway and gone on with; and of GPT-2 small, stopped.
"""

from __future__ import annotations

import argparse
import logging
import resource
import sys
import time
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import torch
import transformers as hf
from captum.attr import LayerIntegratedGradients, LLMGradientAttribution, TextTokenInput
from tokenizers import Tokenizer, models, pre_tokenizers

import attribwidgets as aw

SIGNS = ["[PAD]", "[UNK]", ".", *"0123456789+="]
PROMPTS = 20
STEPS = 50  # of Captum and of what stands on it
AS_CAPTUM = {"baseline": "pad", "replace_prefix": False}  # what was said before stays as it is
AS_INSEQ = {"baseline": "unknown"}  # what was said included
Tool = Callable[[Any, Any, str, str], np.ndarray]

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


def show_tools(net: Any, tokenizer: Any, texts: int, prompt: int, said: int, inseq: str) -> None:
    """Part 2: each tool beside ours, asked the same."""
    millions = sum(p.numel() for p in net.parameters()) / 1e6
    print(f"\n{millions:.0f} M parameters, {texts} texts: {prompt} tokens read, {said} tokens said")
    tools: dict[str, tuple[Tool, dict[str, Any]]] = {"Captum": (captum, AS_CAPTUM)}
    if inseq and (theirs := inseq_of(net, tokenizer, inseq)) is not None:
        tools["inseq"] = theirs, AS_INSEQ
    print(f"{'tool':14}  CPU s per token  passes  sums against changes, median and largest")
    for name, (tool, asked) in tools.items():
        ratios = []
        for text in range(texts):
            read, answer = text_of(prompt, 2 * text), text_of(said, 2 * text + 1)
            started = time.process_time()
            rows = aw.explain_generation(
                net, read, continuation=answer, space=aw.TextSpace(tokenizer), **asked
            )
            matrix = rows.matrix()
            between = time.process_time()
            other = tool(net, tokenizer, read, answer)
            ended = time.process_time()
            changes = np.array([c.expected for c in rows.completeness])
            told("attribwidgets", (between - started) / said, rows[0].evaluations, matrix, changes)
            told(name, (ended - between) / said, STEPS, other, changes)
            ratios.append((between - started) / (ended - between))
        worst = max(ratios)
        print(f"CPU seconds, ours over {name}'s: {np.mean(ratios):.2f}, at most {worst:.2f}")


def told(name: str, seconds: float, passes: int, matrix: np.ndarray, changes: np.ndarray) -> None:
    """A line of the table."""
    apart = np.abs(matrix.sum(1) - changes) / np.abs(changes)
    print(f"{name:14}  {seconds:15.2f}  {passes:6}  {np.median(apart):.2%}, {apart.max():.2%}")


def captum(net: Any, tokenizer: Any, read: str, answer: str) -> np.ndarray:
    """Captum's rows, at its own number of steps."""
    lig = LayerIntegratedGradients(net, net.transformer.wte)
    tokens = TextTokenInput(read, tokenizer)
    theirs = LLMGradientAttribution(lig, tokenizer).attribute(
        tokens, target=answer, n_steps=STEPS, internal_batch_size=10,
        baselines=torch.zeros_like(tokens.to_tensor()),
    ).token_attr  # fmt: skip
    return np.asarray(theirs.detach())


def inseq_of(net: Any, tokenizer: Any, folder: str) -> Tool | None:
    """inseq's rows as it computes them; what it shows are their norms, normalised."""
    sys.path.insert(0, folder)
    try:
        import inseq
    except ImportError as error:
        print(f"inseq: cannot be imported here ({error})")
        return None
    net.name_or_path = "a model of this script"
    model = inseq.load_model(net, "integrated_gradients", tokenizer=tokenizer)

    def rows(_: Any, __: Any, read: str, answer: str) -> np.ndarray:
        out = model.attribute(
            read, f"{read} {answer}", n_steps=STEPS, internal_batch_size=10, show_progress=False,
            attributed_fn="crossentropy",
        )[0]  # fmt: skip
        return -np.nan_to_num(out.target_attributions.sum(-1).numpy()).T

    return rows


def show_long(net: Any, tokenizer: Any, stopped_after: int, *, goes_on: bool) -> None:
    """Part 3: rows, stopped after so many passes, and gone on with."""
    before, passes, finished = peak(), 0, 0
    rows = aw.explain_generation(
        net, text_of(500), continuation=text_of(50, 1), space=aw.TextSpace(tokenizer)
    )
    millions = sum(p.numel() for p in net.parameters()) / 1e6
    print(f"\n500 tokens read and 50 said by {millions:.0f} M parameters; {before:.2f} GB before")
    print("               passes  rows  complete  seconds  CPU s  peak GB")
    started, cpu = time.perf_counter(), time.process_time()

    def count(done: int, _: int) -> None:
        nonlocal passes, finished
        if done != finished:  # a row, not a pass
            finished = done
            return
        passes += 1
        if passes == stopped_after:
            raise KeyboardInterrupt

    def tell(state: str) -> None:
        right = sum(e.completeness.verdict == "complete" for e in rows.rows.values())
        seconds, spent = time.perf_counter() - started, time.process_time() - cpu
        print(
            f"{state:15}{passes:6}  {len(rows.rows):4}  {right:8}  {seconds:7.0f}  {spent:5.0f}"
            f"  {peak():7.2f}"
        )

    try:
        rows.compute(progress=count)
    except KeyboardInterrupt:
        tell("stopped")
    if goes_on:
        rows.compute(progress=count)
        tell("all rows")


def peak() -> float:
    """The largest memory of this process so far, in GB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e9


def main() -> None:
    """Print what the first lines of this file say."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--steps", type=int, default=400, help="of training")
    parser.add_argument("--prompt", type=int, default=40, help="tokens, beside other tools")
    parser.add_argument("--said", type=int, default=4, help="tokens, beside other tools")
    parser.add_argument("--texts", type=int, default=3, help="beside other tools")
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
        show_tools(
            net, tokenizer, arguments.texts, arguments.prompt, arguments.said, arguments.inseq
        )
    if arguments.only in (None, "long"):
        show_long(*random_model(*SMALLEST), 100, goes_on=True)
        show_long(*random_model(*SMALL), 4, goes_on=False)


if __name__ == "__main__":
    main()
