// SPDX-License-Identifier: MIT
// The loss of labels and its slopes, one pass over a batch each: torch.ops.ipip.label_sums and
// label_slopes. The same in PyTorch, with the equations: python/ipip/train/loss/label_loss.py.
//
// t: term (energies, forces, stresses), f: frame, i: atom. All numbers are float64 on the CPU.
#include <ATen/core/Tensor.h>
#include <ATen/ops/zeros.h>
#include <ATen/ops/zeros_like.h>
#include <torch/library.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <string>
#include <vector>

namespace {

using at::Tensor;

/// One label and what is predicted for it.
struct Label {
  int term;
  std::int64_t row;   ///< of the frame or atom
  int width;          ///< its numbers
  double misfit[9];   ///< their errors
  double weight;      ///< 0 where there is no label
  double count;       ///< 1 where there is one
  double chain = 1.;  ///< derivative of the misfit by the prediction

  double norm() const {
    if (width == 1) return std::fabs(misfit[0]);
    double sum = 0.0;
    for (int c = 0; c < width; ++c) sum += misfit[c] * misfit[c];
    return std::sqrt(sum);
  }
};

class Loss {
 public:
  Loss(const std::string& kind, const std::vector<double>& deltas)
      : squared_(kind == "squared"), absolute_(kind == "absolute"), deltas_(deltas) {
    TORCH_CHECK(squared_ || absolute_ || kind == "huber", "the loss is ", kind,
                ", expected squared, absolute or huber");
  }

  double of(const Label& label) const {
    const double norm = label.norm(), delta = deltas_[label.term];
    if (squared_) return norm * norm;
    if (absolute_) return norm;
    return norm <= delta ? 0.5 * norm * norm : delta * (norm - 0.5 * delta);
  }

  /// Derivative of `scale` times the loss by the misfit, divided by the misfit; finite at 0.
  double slope(const Label& label, double scale) const {
    if (squared_) return 2.0 * scale;
    const double norm = label.norm(), delta = deltas_[label.term];
    if (absolute_) return scale / std::max(norm, std::numeric_limits<double>::min());
    return scale * (delta / std::max(norm, delta));
  }

 private:
  bool squared_, absolute_;
  std::vector<double> deltas_;
};

/// Pointers into the tensors of a batch.
class Batch {
 public:
  /// predicted: energy [f], forces [i, 3], strain derivative [f, 3, 3]. labels: these three (stress
  /// for the last), their weights [f], weight [f], volume [f], n_atoms [f], batch [i].
  Batch(const std::vector<Tensor>& predicted, const std::vector<Tensor>& labels) {
    TORCH_CHECK(predicted.size() == 3 && labels.size() == 10, "expected 3 predictions, 10 labels");
    for (const Tensor& x : predicted) predicted_.push_back(numbers<double>(x));
    for (std::size_t k = 0; k < 8; ++k) labels_.push_back(numbers<double>(labels[k]));
    n_atoms_ = numbers<std::int64_t>(labels[8]);
    frame_of_atom_ = numbers<std::int64_t>(labels[9]);
    frames_ = labels[8].numel(), atoms_ = labels[9].numel();
  }

  template <class Call>
  void each(bool per_atom, bool with_stress, const Call& call) const {
    const double *weight = labels_[6], *volume = labels_[7];
    for (std::int64_t f = 0; f < frames_; ++f) {
      Label label{0, f, 1, {predicted_[0][f] - labels_[0][f]}, labels_[3][f] * weight[f]};
      label.count = labels_[3][f];
      if (per_atom) label.chain = 1.0 / static_cast<double>(n_atoms_[f]);
      label.misfit[0] *= label.chain;
      call(label);
    }
    for (std::int64_t i = 0; i < atoms_; ++i) {
      const std::int64_t f = frame_of_atom_[i];
      Label label{1, i, 3, {}, labels_[4][f] * weight[f], labels_[4][f]};
      for (int c = 0; c < 3; ++c)
        label.misfit[c] = predicted_[1][3 * i + c] - labels_[1][3 * i + c];
      call(label);
    }
    for (std::int64_t f = 0; with_stress && f < frames_; ++f) {
      const double there = volume[f] > 0.0 ? labels_[5][f] : 0.0;
      const double size = volume[f] > 0.0 ? volume[f] : 1.0;
      Label label{2, f, 9, {}, there * weight[f], there, 1.0 / size};
      for (int c = 0; c < 9; ++c) {
        label.misfit[c] = predicted_[2][9 * f + c] / size - labels_[2][9 * f + c];
      }
      call(label);
    }
  }

 private:
  template <class X>
  const X* numbers(const Tensor& x) {
    held_.push_back(x.contiguous());
    return held_.back().const_data_ptr<X>();
  }

  std::vector<Tensor> held_;
  std::vector<const double*> predicted_, labels_;
  const std::int64_t *n_atoms_, *frame_of_atom_;
  std::int64_t frames_, atoms_;
};

/// Sums of the three terms, then the numbers of their labels, [2, 3].
Tensor label_sums(const std::vector<Tensor>& predicted, const std::vector<Tensor>& labels,
                  const std::string& kind, const std::vector<double>& deltas, bool per_atom,
                  bool with_stress) {
  const Loss loss(kind, deltas);
  Tensor result = at::zeros({2, 3}, at::kDouble);
  double* sums = result.mutable_data_ptr<double>();
  Batch(predicted, labels).each(per_atom, with_stress, [&](const Label& label) {
    sums[label.term] += loss.of(label) * label.weight;
    sums[3 + label.term] += label.count;
  });
  return result;
}

/// Derivatives of sum_t factor_t * sum of term t by the predictions, in their shapes.
std::vector<Tensor> label_slopes(const std::vector<Tensor>& predicted,
                                 const std::vector<Tensor>& labels, const std::string& kind,
                                 const std::vector<double>& deltas, bool per_atom, bool with_stress,
                                 const std::vector<double>& factors) {
  const Loss loss(kind, deltas);
  TORCH_CHECK(factors.size() == 3, "expected 3 factors, found ", factors.size());
  std::vector<Tensor> slopes;
  std::vector<double*> rows;
  for (const Tensor& x : predicted) {
    slopes.push_back(at::zeros_like(x));
    rows.push_back(slopes.back().mutable_data_ptr<double>());
  }
  Batch(predicted, labels).each(per_atom, with_stress, [&](const Label& label) {
    const double slope = loss.slope(label, factors[label.term] * label.chain * label.weight);
    double* row = rows[label.term] + label.row * label.width;
    for (int c = 0; c < label.width; ++c) row[c] = label.misfit[c] * slope;
  });
  return slopes;
}

}  // namespace

TORCH_LIBRARY_FRAGMENT(ipip, library) {
  library.def(
      "label_sums(Tensor[] predicted, Tensor[] labels, str kind, float[] deltas, bool per_atom, "
      "bool with_stress) -> Tensor",
      &label_sums);
  library.def(
      "label_slopes(Tensor[] predicted, Tensor[] labels, str kind, float[] deltas, bool per_atom, "
      "bool with_stress, float[] factors) -> Tensor[]",
      &label_slopes);
}
