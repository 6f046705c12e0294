// SPDX-License-Identifier: MIT
#include "make_evaluator.hpp"

#include <utility>

#include "../isa/instruction_sets.hpp"
#include "ipip/error.hpp"
#include "kernels.hpp"
#include "lone_pairs.hpp"
#include "model/painn_model.hpp"
#include "painn.hpp"

namespace ipip::cpu {
namespace {

// Far below the rounding of float32 in forces; far below what MD with float64 resolves.
template <class T>
constexpr double kTableError = sizeof(T) == 4 ? 3e-7 : 1e-10;

template <class T>
std::unique_ptr<Evaluator> make(const ModelFile& file, const RunOptions& options) {
  const Kernels<T>* kernels = find_kernels<T>(options.instruction_set);
  if (kernels == nullptr) {
    throw Error(
        "instruction_set is \"" + options.instruction_set +
        "\", expected auto or one that this processor runs: " + supported_instruction_sets());
  }
  const double error = options.table_error > 0.0 ? options.table_error : kTableError<T>;
  PainnModel model = read_painn(file);
  const double cutoff = model.cutoff;
  const std::int64_t n_species = model.n_species;
  auto network =
      std::make_unique<Painn<T>>(*kernels, std::move(model), error, options.most_tabulated_pairs,
                                 options.threads, file.uncertainty, options.bias);
  // Lone pairs share an evaluation, but a bias belongs to one atom.
  if (!options.lone_pairs || options.bias.on()) return network;
  return std::make_unique<LonePairs<T>>(std::move(network), cutoff, n_species);
}

}  // namespace

std::unique_ptr<Evaluator> make_evaluator(const ModelFile& file, const RunOptions& options) {
  return file.metadata.info.dtype == "float64" ? make<double>(file, options)
                                               : make<float>(file, options);
}

}  // namespace ipip::cpu
