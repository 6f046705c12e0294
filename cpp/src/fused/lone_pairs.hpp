// SPDX-License-Identifier: MIT
// Two atoms that see each other and nobody else, as a sixth of the atoms of S2 gas at 0.2 g/cm3:
// their energy is a function of their distance alone, so that the network has no work with them.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "../evaluator.hpp"
#include "painn_model.hpp"
#include "pair_curve.hpp"

namespace ipip::fused {

/// Takes lone pairs from curves and gives the other atoms to a network.
///
/// The atoms of a lone pair are local rows that no other rank reads. A curve is made when the first
/// pair of its two species is met; where it does not reach its target the network keeps the pair.
class LonePairs final : public Evaluator {
 public:
  /// @param network  evaluates the other atoms
  /// @param model    the student
  /// @param exact    makes the network in float64, with the same tables, without the ZBL core and
  ///                 reference energies
  /// @param target   of the curves' error, see PairCurve
  LonePairs(std::unique_ptr<Evaluator> network, const PainnModel& model,
            std::function<std::unique_ptr<Evaluator>()> exact, double target);

  void evaluate(const Graph& graph, double* energies, const TakeGradients& take) override;
  double forward_seconds() const override { return network_->forward_seconds(); }
  double backward_seconds() const override { return network_->backward_seconds(); }
  std::vector<std::int64_t> exchange_widths() const override { return network_->exchange_widths(); }
  void release() override { network_->release(); }
  double buffer_bytes() const override;
  std::string description() const override { return network_->description(); }

 private:
  bool find(const Graph& graph);
  const PairCurve& curve(std::int64_t a, std::int64_t b);
  void gather_others(const Graph& graph);
  void add_pairs(const Graph& graph, double* energies);

  std::unique_ptr<Evaluator> network_;
  PainnModel model_;
  std::function<std::unique_ptr<Evaluator>()> exact_;
  double target_;
  std::map<std::pair<std::int64_t, std::int64_t>, PairCurve> curves_;  // [a <= b]
  Graph others_;                                                       // without lone pairs
  std::vector<std::int64_t> only_;      // [n_local] the row's pair, or -1 where it has not just one
  std::vector<std::int64_t> place_;     // [n_total] row in `others_`, or -1
  std::vector<std::int64_t> rows_;      // [rows of others_] row in the graph
  std::vector<std::int64_t> pairs_;     // [pairs of others_] pair in the graph
  std::vector<double> other_energies_;  // [rows of others_]
  std::vector<double> gradients_;       // [n_pairs, 3]
};

}  // namespace ipip::fused
