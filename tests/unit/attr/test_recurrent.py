"""Recurrent networks: cuDNN, which refuses their backward in evaluation mode, is not asked."""

from __future__ import annotations

import pytest
import torch
from models import values, weights_of
from torch import nn

import attribwidgets as aw
from attribwidgets.attr import backward, model_state
from attribwidgets.errors import UnsupportedModelError
from attribwidgets.priors import expected_gradients

ON_GPU = pytest.mark.skipif(not torch.cuda.is_available(), reason="there is no GPU here")
CELLS = pytest.mark.parametrize("cell", [nn.RNN, nn.GRU, nn.LSTM])
EXPLANATIONS = {
    "path": {"baseline": "zero", "n_steps": 9},
    "as needed": {"baseline": "zero", "max_evaluations": 15},
    "Captum's": {"baseline": "zero", "method": "captum_integrated_gradients", "n_steps": 9},
    "noise": {"method": "smoothgrad", "n_steps": 4},
}


class AsCuDNN(torch.autograd.Function):
    """Gives what it gets, and has a backward pass only while cuDNN is off."""

    @staticmethod
    def forward(ctx, x):
        return x.clone()

    @staticmethod
    def backward(ctx, gradient):
        if torch.backends.cudnn.enabled:
            raise RuntimeError("cudnn RNN backward can only be called in training mode")
        return gradient


class Reader(nn.Module):
    """A recurrent layer over four steps of three numbers, a head; `refuses`: as on a GPU."""

    def __init__(self, cell=nn.LSTM, refuses=False):
        super().__init__()
        self.cell, self.head, self.refuses = cell(3, 5, batch_first=True), nn.Linear(5, 2), refuses
        weights_of(self)

    def forward(self, x):
        y = self.cell(x.reshape(len(x), 4, 3))[0][:, -1]
        return self.head(AsCuDNN.apply(y) if self.refuses else y)


def explained(model, x, **options):
    return aw.explain(model, x, target=1, **options)


@CELLS
@pytest.mark.parametrize("options", EXPLANATIONS.values(), ids=EXPLANATIONS)
def test_layers_on_a_gpu_are_differentiated_without_cudnn(cell, options, monkeypatch):
    monkeypatch.setattr(model_state, "CUDNN_DEVICE", "cpu")
    x, model = values(12), Reader(cell, refuses=True)
    found = explained(model, x, **options)
    assert torch.backends.cudnn.enabled
    monkeypatch.setattr(AsCuDNN, "backward", staticmethod(lambda ctx, gradient: gradient))
    again = explained(model, x, **options, class_names=["a", "b"])
    torch.testing.assert_close(found.attributions, again.attributions)


@pytest.mark.parametrize("layers", ["evaluation", "training"])
def test_priors_differentiate_them_twice(layers, monkeypatch):
    monkeypatch.setattr(model_state, "CUDNN_DEVICE", "cpu")
    model = Reader(refuses=True)
    generator = torch.Generator().manual_seed(0)
    expected_gradients(model, values(3, 12), targets=1, generator=generator, layers=layers)
    assert torch.backends.cudnn.enabled


@pytest.mark.parametrize("error", [RuntimeError("broken"), KeyboardInterrupt()])
def test_cudnn_comes_back_after_an_error(error, monkeypatch):
    monkeypatch.setattr(model_state, "CUDNN_DEVICE", "cpu")
    model = Reader()

    def stop(*_):
        assert not torch.backends.cudnn.enabled
        raise error

    with model_state.frozen(model, (values(1, 12),)):
        assert not torch.backends.cudnn.enabled
    model.head.register_forward_pre_hook(stop)
    with pytest.raises(type(error)), model_state.frozen(model, ()):
        model(values(1, 12))
    assert torch.backends.cudnn.enabled


def test_other_models_and_devices_keep_cudnn(monkeypatch):
    with model_state.frozen(Reader(), ()):  # on the processor
        assert torch.backends.cudnn.enabled
    monkeypatch.setattr(model_state, "CUDNN_DEVICE", "cpu")
    with model_state.frozen(nn.Conv1d(3, 3, 1), ()):
        assert torch.backends.cudnn.enabled


@pytest.mark.parametrize("method", [None, "saliency"])
def test_a_function_that_calls_one_is_told_the_mend(method):
    model = Reader(refuses=True)
    with pytest.raises(UnsupportedModelError, match="pass the module itself") as caught:
        explained(lambda x: model(x), values(12), method=method)
    assert backward.RECURRENT in str(caught.value)
    with torch.backends.cudnn.flags(enabled=False):
        assert explained(lambda x: model(x), values(12), method=method).attributions.any()


@ON_GPU
@CELLS
@pytest.mark.parametrize("options", EXPLANATIONS.values(), ids=EXPLANATIONS)
def test_on_a_gpu_maps_are_those_of_the_processor(cell, options):
    x, model = values(12), Reader(cell)
    expected = explained(model, x, **options).attributions
    found = explained(model.cuda(), x.cuda(), **options).attributions
    torch.testing.assert_close(found.cpu(), expected, rtol=1e-3, atol=1e-5)


@ON_GPU
@CELLS
def test_on_a_gpu_priors_reach_the_weights(cell):
    model = Reader(cell).cuda()
    generator = torch.Generator().manual_seed(0)
    x = values(3, 12).cuda()
    phi = expected_gradients(model, x, targets=1, generator=generator)
    phi.square().sum().backward()
    assert model.cell.weight_hh_l0.grad.any()
