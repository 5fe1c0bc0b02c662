#!/usr/bin/env python3
"""Compares the trainer's predictors with scikit-learn's, fitted to the same statistics.

usage: edge trainer -c CONFIG --report report.html --statistics statistics.json
       bench/predictors.py statistics.json ...                     (needs Debian's python3-sklearn)

Per layer, held-out mean absolute error of the predicted transfer size, as changed elements * 4 bytes: of a chain of
MLPRegressor((1,), logistic, lbfgs, 500 iterations) for convolutions and linear layers and LinearRegression per channel
for all others, clamped to 0..1, mean over four random states; and of ours. Then the times of one prediction.
"""
import json
import sys
import time
import warnings

import numpy as np
from sklearn.linear_model import LinearRegression
from sklearn.neural_network import MLPRegressor

warnings.filterwarnings("ignore")
SEEDS = range(4)


class Chain:
    """Rates of the input through one regressor per layer."""

    def __init__(self, layers, training, seed):
        self.layers, self.steps = layers, []
        for layer in layers[1:]:
            given = [layers[i]["rates"][:training] for i in layer["inputs"]]
            self.steps.append(self.fit(layer, given, layer["rates"][:training], seed))

    @staticmethod
    def fit(layer, given, wanted, seed):
        if layer["operation"] == "concat":
            return None
        if layer["operation"] in ("conv2d", "linear"):
            regressor = MLPRegressor((1,), activation="logistic", solver="lbfgs", max_iter=500, random_state=seed)
            return [regressor.fit(given[0], wanted if wanted.shape[1] > 1 else wanted[:, 0])]
        if wanted.shape[1] != given[0].shape[1]:  # flatten
            return [LinearRegression().fit(given[0].mean(1, keepdims=True), wanted)]
        return [LinearRegression().fit(np.stack([g[:, c] for g in given], 1), wanted[:, c])
                for c in range(wanted.shape[1])]

    def predict(self, rates):
        outputs = [rates]
        for layer, step in zip(self.layers[1:], self.steps):
            given = [outputs[i] for i in layer["inputs"]]
            if step is None:
                result = np.hstack(given)
            elif isinstance(step[0], MLPRegressor):
                result = step[0].predict(given[0]).reshape(len(rates), -1)
            elif len(step) == 1 and given[0].shape[1] != 1:
                result = step[0].predict(given[0].mean(1, keepdims=True))
            else:
                result = np.stack([r.predict(np.stack([g[:, c] for g in given], 1)) for c, r in enumerate(step)], 1)
            outputs.append(np.clip(result, 0, 1))
        return outputs


def compare(path):
    with open(path, encoding="utf-8") as file:
        statistics = json.load(file)
    training, layers = statistics["training"], statistics["layers"]
    for layer in layers:
        layer["rates"] = np.array(layer["rates"]).reshape(statistics["transitions"], layer["channels"])
    chains = [Chain(layers, training, seed) for seed in SEEDS]
    held_out = layers[0]["rates"][training:]
    predicted = [chain.predict(held_out) for chain in chains]
    print(f"{path}: {training} transitions learnt, {len(held_out)} held out; errors in kB\n"
          f"{'layer':>5} {'name':<16} {'changed kB':>10} {'sklearn':>9} {'ours':>9}")
    totals = np.zeros(2)
    for index, layer in enumerate(layers):
        size = layer["elements"] * 4 / 1e3
        truth = layer["rates"][training:].mean(1)
        theirs = np.mean([np.abs(p[index].mean(1) - truth).mean() for p in predicted]) * size
        ours = np.abs(np.array(layer["predicted"]) - truth).mean() * size
        totals += theirs, ours
        print(f"{index:>5} {layer['name']:<16} {truth.mean() * size:>10.1f} {theirs:>9.2f} {ours:>9.2f}"
              f"{'  above' if ours > theirs else ''}")
    print(f"{'mean':>22} {'':>10} {totals[0] / len(layers):>9.2f} {totals[1] / len(layers):>9.2f}")
    times = []
    for row in held_out[:5]:
        start = time.perf_counter()
        chains[0].predict(row[None, :])
        times.append(time.perf_counter() - start)
    ours = statistics["prediction_s"]
    print(f"one prediction: sklearn {min(times) * 1e3:.2f} ms, ours {ours * 1e3:.4f} ms, {min(times) / ours:.0f} times "
          "faster\n")


for name in sys.argv[1:]:
    compare(name)
