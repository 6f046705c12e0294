// SPDX-License-Identifier: MIT
// The class torch.classes.ipip.PainnTraining.
#include <torch/custom_class.h>
#include <torch/library.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "painn_training.hpp"

namespace {

using at::Tensor;
using ipip::training::Architecture;

std::vector<double> numbers(const Tensor& x) {
  const Tensor values = x.detach().to(at::kDouble).contiguous();
  const double* data = values.const_data_ptr<double>();
  return {data, data + values.numel()};
}

template <class T>
void add_to(Tensor& flat, std::int64_t place, const Tensor& values) {
  const Tensor held = values.contiguous();
  const T* from = held.const_data_ptr<T>();
  TORCH_CHECK(place + held.numel() <= flat.numel(), "a place is outside of the flat gradient");
  T* to = flat.mutable_data_ptr<T>() + place;
  for (std::int64_t k = 0; k < held.numel(); ++k) to[k] += from[k];
}

class PainnTrainingClass : public torch::CustomClassHolder {
 public:
  PainnTrainingClass(bool gaussian, bool cosine, double cutoff, const Tensor& offsets,
                     const Tensor& widths, std::int64_t layers, std::int64_t channels, bool float64,
                     double epsilon, double table_error, std::string instruction_set) {
    Architecture architecture;
    architecture.radial = {gaussian, cosine, cutoff, numbers(offsets), numbers(widths), {}, {}};
    architecture.layers = layers;
    architecture.epsilon = epsilon;
    architecture.table_error = table_error;
    architecture.instruction_set = std::move(instruction_set);
    training_ =
        ipip::training::make_training(architecture, channels, float64 ? at::kDouble : at::kFloat);
  }

  std::vector<Tensor> evaluate(const std::vector<Tensor>& parameters, const Tensor& species,
                               const Tensor& edge_index, const Tensor& edge_vec,
                               const Tensor& frame_of_atom, std::int64_t n_frames,
                               const Tensor& scale, const Tensor& offset,
                               const std::vector<Tensor>& core) {
    ++evaluations_;
    return training_->evaluate(parameters, {species, edge_index, edge_vec, frame_of_atom, n_frames},
                               {scale, offset, core});
  }

  std::vector<Tensor> gradients(std::int64_t evaluation, const Tensor& of_energy,
                                const Tensor& of_forces, const Tensor& of_strain) {
    TORCH_CHECK(evaluation == evaluations_,
                "the training kernels keep one evaluation: take the gradients of a loss "
                "before the next evaluation");
    return training_->gradients(of_energy, of_forces, of_strain);
  }

  // Adds the gradient of parameter k to `flat` from places[k] on; -1: it is frozen.
  void add_gradients(std::int64_t evaluation, const Tensor& of_energy, const Tensor& of_forces,
                     const Tensor& of_strain, const std::vector<std::int64_t>& places,
                     Tensor flat) {
    const std::vector<Tensor> each = gradients(evaluation, of_energy, of_forces, of_strain);
    TORCH_CHECK(each.size() == places.size() && flat.is_contiguous(), "expected a place for each");
    for (std::size_t k = 0; k < each.size(); ++k) {
      if (places[k] < 0) continue;  // frozen
      if (flat.scalar_type() == at::kDouble) {
        add_to<double>(flat, places[k], each[k]);
      } else {
        add_to<float>(flat, places[k], each[k]);
      }
    }
  }

  std::int64_t evaluations() const { return evaluations_; }
  std::string description() const { return training_->description(); }

 private:
  std::unique_ptr<ipip::training::Training> training_;
  std::int64_t evaluations_ = 0;
};

}  // namespace

TORCH_LIBRARY_FRAGMENT(ipip, library) {
  library.class_<PainnTrainingClass>("PainnTraining")
      .def(torch::init<bool, bool, double, const Tensor&, const Tensor&, std::int64_t, std::int64_t,
                       bool, double, double, std::string>())
      .def("evaluate", &PainnTrainingClass::evaluate)
      .def("gradients", &PainnTrainingClass::gradients)
      .def("add_gradients", &PainnTrainingClass::add_gradients)
      .def("evaluations", &PainnTrainingClass::evaluations)
      .def("description", &PainnTrainingClass::description);
}
