// SPDX-License-Identifier: MIT
// Two atoms without other neighbours: so are a quarter of the atoms of S2 gas at 0.2 g/cm3.
//
// All their vectors lie along the line between them. Rotated onto the x axis they have one
// component instead of three, and matrix products of vectors cost a third. Two atoms of one species
// are mirror images of each other: one stands for both. No other atom reads what they send, so a
// few of them go through all layers, forward and backward, while their rows are in the cache.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "painn.hpp"

namespace ipip::cpu {

/// Passes a network the lone pairs of a graph, rotated, and then the other atoms.
///
/// The atoms of a lone pair are local rows that no other rank reads; pairs across ranks are among
/// the other atoms. Results agree with those of the network for all atoms, to rounding.
template <class T>
class LonePairs final : public Evaluator {
 public:
  LonePairs(std::unique_ptr<Painn<T>> network, double cutoff, std::int64_t n_species)
      : network_(std::move(network)), cutoff_(cutoff), n_species_(n_species) {}

  void evaluate(const Graph& graph, double* energies, double* uncertainties,
                const TakeGradients& take) override;
  void features(const Graph& graph, double* features) override;
  std::int64_t feature_width() const override { return network_->feature_width(); }
  double forward_seconds() const override { return forward_seconds_; }
  double backward_seconds() const override { return backward_seconds_; }
  std::vector<std::int64_t> exchange_widths() const override { return network_->exchange_widths(); }
  void release() override { network_->release(); }
  double buffer_bytes() const override;
  std::string description() const override { return network_->description(); }

 private:
  bool find(const Graph& graph);
  void evaluate_pairs(const Graph& graph, const std::vector<std::int64_t>& firsts, bool alike,
                      double* energies, double* uncertainties);
  void gather_others(const Graph& graph);
  using Symmetry = typename Painn<T>::Symmetry;
  void run(const Graph& graph, Symmetry symmetry, double* energies, double* uncertainties,
           const TakeGradients& take);
  double* some_uncertainties(const double* wanted, std::size_t n_rows);

  std::unique_ptr<Painn<T>> network_;
  double cutoff_;
  std::int64_t n_species_;
  double forward_seconds_ = 0.0;
  double backward_seconds_ = 0.0;
  Graph pairs_;   // some lone pairs on the x axis, rows 2 k and 2 k + 1, or one row k if alike
  Graph others_;  // the graph without lone pairs
  std::vector<std::int64_t> only_;     // [n_local] the row's only pair, or -1
  std::vector<std::int64_t> alike_;    // first atoms of lone pairs of one species
  std::vector<std::int64_t> unlike_;   // first atoms of lone pairs of two species
  std::vector<std::int64_t> place_;    // [n_total] row in `others_`, or -1
  std::vector<std::int64_t> rows_;     // [rows of others_] row in the graph
  std::vector<std::int64_t> pair_of_;  // [pairs of others_] pair in the graph
  std::vector<double> some_energies_;  // of `pairs_` or `others_`
  std::vector<double> some_uncertainties_;
  std::vector<double> gradients_;  // [n_pairs, 3]
};

}  // namespace ipip::cpu
