// SPDX-License-Identifier: MIT
#include "uncertainty.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <map>
#include <string>

#include "arrays.hpp"
#include "ipip/error.hpp"
#include "safetensors.hpp"

namespace ipip {
namespace {

constexpr std::int64_t kMostKnots = 1000;

std::vector<double> numbers(const Arrays& arrays, const std::string& name,
                            const std::vector<std::int64_t>& shape) {
  const auto found = arrays.find(name);
  if (found == arrays.end()) throw Error("it has no array " + name);
  if (found->second.shape != shape) {
    throw Error("its array " + name + " has shape " + shape_text(found->second.shape) +
                ", expected " + shape_text(shape));
  }
  std::vector<double> values = found->second.values();
  if (!std::all_of(values.begin(), values.end(), [](double x) { return std::isfinite(x); })) {
    throw Error("its array " + name + " has a number that is not finite");
  }
  return values;
}

std::int64_t count_knots(const Arrays& arrays) {
  const auto found = arrays.find("scores");
  if (found == arrays.end() || found->second.shape.size() != 2) {
    throw Error("it has no array scores of two extents");
  }
  const std::int64_t n = found->second.shape[1];
  if (n < 1 || n > kMostKnots) {
    throw Error("it has " + std::to_string(n) + " knots, expected 1 to " +
                std::to_string(kMostKnots));
  }
  return n;
}

void check_knots(const Uncertainty& u) {
  for (std::int64_t z = 0; z < u.n_species; ++z) {
    const double* scores = &u.scores[static_cast<std::size_t>(z * u.n_knots)];
    const double* errors = &u.errors[static_cast<std::size_t>(z * u.n_knots)];
    for (std::int64_t k = 0; k < u.n_knots; ++k) {
      const bool rises = k == 0 || (scores[k] > scores[k - 1] && errors[k] >= errors[k - 1]);
      if (scores[k] > 0.0 && errors[k] > 0.0 && rises) continue;
      throw Error("knot " + std::to_string(k) + " of species " + std::to_string(z) +
                  " is not above the one before");
    }
  }
}

}  // namespace

double Uncertainty::expected_error(std::int64_t species, double score) const {
  const double* const u = &scores[static_cast<std::size_t>(species * n_knots)];
  const double* const e = &errors[static_cast<std::size_t>(species * n_knots)];
  if (!(score < kLargestUncertainty)) return kLargestUncertainty;  // NaN too
  const double* const after = std::upper_bound(u, u + n_knots, score);
  const std::int64_t k = after - u;
  if (k == 0) return e[0];
  if (k == n_knots) return std::min(kLargestUncertainty, e[k - 1] * score / u[k - 1]);
  return e[k - 1] + (e[k] - e[k - 1]) * (score - u[k - 1]) / (u[k] - u[k - 1]);
}

Uncertainty parse_uncertainty(std::string_view bytes, const StudentInfo& info, std::int64_t width) {
  std::map<std::string, std::string> texts;
  const Arrays arrays = read_safetensors(bytes, &texts);
  if (texts["weights_digest"] != info.weights_digest) {
    throw Error("it was fitted to other weights");
  }
  Uncertainty out;
  out.n_species = static_cast<std::int64_t>(info.symbols.size());
  out.width = width;
  out.n_knots = count_knots(arrays);
  out.whitening = numbers(arrays, "whitening", {out.n_species, width, width});
  out.means = numbers(arrays, "means", {out.n_species, width});
  out.scores = numbers(arrays, "scores", {out.n_species, out.n_knots});
  out.errors = numbers(arrays, "errors", {out.n_species, out.n_knots});
  check_knots(out);
  return out;
}

}  // namespace ipip
