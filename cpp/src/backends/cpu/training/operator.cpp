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
      .def("evaluations", &PainnTrainingClass::evaluations)
      .def("description", &PainnTrainingClass::description);
}
