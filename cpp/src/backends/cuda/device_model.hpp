// SPDX-License-Identifier: MIT
// A student's numbers as the device's kernels read them: padded channels, matrices forward and
// transposed, tables in chunks.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "machine.hpp"
#include "memory.hpp"
#include "model/painn_model.hpp"
#include "model/uncertainty.hpp"

namespace ipip::cuda {

/// Channels and the readout's width are padded to multiples of 32 by zeros, which stay zero through
/// every layer.
template <class T>
class DeviceModel {
 public:
  /// @param machine      outlives this
  /// @param model        the student
  /// @param table_error  target for the error of the tables, relative to the largest value and
  /// slope
  /// @param uncertainty  expected errors, if the file has them
  DeviceModel(Machine& machine, const PainnModel& model, double table_error,
              const std::optional<Uncertainty>& uncertainty);

  int channels = 0;       ///< F, padded
  int readout_width = 0;  ///< padded
  int strip = 1;          ///< channels of a lane
  int pieces = 0;         ///< of every table
  double table_error = 0.0;
  Array<T> embedding;            ///< [n_species, F]
  Array<T> first_messages;       ///< [n_species, 3 F]: layer 0 depends on the species alone
  std::vector<Table<T>> tables;  ///< [layers]
  std::vector<MessageMatrices<T>> messages;  ///< [layers]; none of layer 0
  std::vector<UpdateMatrices<T>> updates;    ///< [layers]
  Readout<T> readout;
  Core core;
  ErrorModel<T> errors;  ///< empty if the file has none

  double bytes() const;

 private:
  template <class Number>
  Array<Number> keep(const std::vector<double>& numbers);
  void make_tables(const PainnModel& model, double target);
  void make_species(const PainnModel& model);
  void make_layers(const PainnModel& model);
  void make_readout(const PainnModel& model);
  void make_errors(const PainnModel& model, const Uncertainty& uncertainty);

  Machine& machine_;
  std::vector<Memory<T>> numbers_;
  std::vector<Memory<double>> exact_numbers_;
};

}  // namespace ipip::cuda
