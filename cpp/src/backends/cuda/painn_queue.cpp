// SPDX-License-Identifier: MIT
// The work of a step that is put in the machine's queues.
//
// i: receiving row, l: layer.
#include <algorithm>

#include "painn.hpp"

namespace ipip::cuda {
namespace {

constexpr std::int64_t kRowsPerSlice = 256;

}  // namespace

// Launches the kernel for the student's channels per lane, whose arguments `fill` sets.
template <class T>
template <template <class, int> class Kernel, class Fill>
void Painn<T>::launch_strip(Fill&& fill) {
  const auto go = [&](auto kernel) {
    fill(kernel);
    machine_.launch(kernel);
  };
  if (model_.strip == 2) {
    go(Kernel<T, 2>());
  } else {
    go(Kernel<T, 1>());
  }
}

template <class T>
PairRows<T> Painn<T>::pairs(const PairSource& source) const {
  return {source.first(), count_.array(), place_.array(), shape_.array(), cutoff_ / model_.pieces};
}

template <class T>
LayerRows<T> Painn<T>::rows_of(std::size_t l, const PairSource& source) const {
  return {model_.channels, model_.tables[l], source.species(),
          l == 0 ? model_.first_messages : layers_[l].sent.array(),
          l == 0 ? model_.embedding : layers_[l].scalars.array()};
}

template <class T>
UpdateState<T> Painn<T>::kept(std::size_t l) const {
  return {layers_[l].mixed.array(), layers_[l].context.array(), layers_[l].gains.array()};
}

// Calls nodes(rows) and then pairs(rows), between which rows travel. Rows that other ranks need
// come first, and pairs with halo rows last: the rest is computed meanwhile.
template <class T>
template <class Nodes, class Pairs>
void Painn<T>::exchanged(Array<T> rows, int parts, const Nodes& nodes, const Pairs& pairs) {
  const RowRange border{0, n_border_}, inner{n_border_, n_local_};
  nodes(border);
  exchange_.begin(step_, rows, parts);
  nodes(inner);
  pairs(inner);
  exchange_.end(step_, rows, parts);
  pairs(border);
}

template <class T>
void Painn<T>::queue_receive(const PairSource& source, std::size_t l, RowRange range) {
  if (range.size() == 0) return;
  const auto receive = [&](auto kernel) {
    kernel.range = range;
    kernel.pairs = pairs(source);
    kernel.rows = rows_of(l, source);
    kernel.states = states_.array();
    machine_.launch(kernel);
  };
  if (l == 0) {
    model_.strip == 2 ? receive(Receive<T, 2, true>()) : receive(Receive<T, 1, true>());
  } else {
    model_.strip == 2 ? receive(Receive<T, 2, false>()) : receive(Receive<T, 1, false>());
  }
}

template <class T>
void Painn<T>::take_rows(TiledRows<T>& kernel, RowRange range) const {
  kernel.range = range;
  kernel.channels = model_.channels;
  kernel.tiles = tiles(range.size());
  kernel.tensor_cores = machine_.tensor_cores() && kernel.tiles.rows % kTensorRows == 0;
}

// From the results of the last update, before the backward sweep overwrites them.
template <class T>
void Painn<T>::queue_errors(const PairSource& source, RowRange range) {
  ExpectErrors<T> kernel;
  take_rows(kernel, range);
  kernel.model = model_.errors;
  kernel.species = source.species();
  kernel.states = states_.array();
  kernel.kept = kept(layers_.size() - 1);
  kernel.expected = expected_.array();
  machine_.launch(kernel);
}

template <class T>
void Painn<T>::queue_update(const PairSource& source, std::size_t l, RowRange range) {
  if (range.size() == 0) return;
  const auto update = [&](auto kernel) {
    take_rows(kernel, range);
    kernel.epsilon = epsilon_;
    kernel.matrices = model_.updates[l];
    kernel.states = states_.array();
    kernel.kept = kept(l);
    return kernel;
  };
  if (is_last(l)) {
    LastUpdate<T> kernel = update(LastUpdate<T>());
    kernel.readout = model_.readout;
    kernel.species = source.species();
    kernel.energies = energies_.array();
    kernel.gradients = gradients_.array();
    machine_.launch(kernel);
    if (expected_.size() > 0) queue_errors(source, range);
  } else {
    Update<T> kernel = update(Update<T>());
    kernel.messages = model_.messages[l + 1];
    kernel.scalars = layers_[l + 1].scalars.array();
    kernel.hidden = layers_[l + 1].hidden.array();
    kernel.sent = layers_[l + 1].sent.array();
    machine_.launch(kernel);
  }
}

// From the gradients after the messages of layer l to those of the layer below, and back.
template <class T>
Memory<T>& Painn<T>::gradients_of(std::size_t l) {
  return (layers_.size() - 1 - l) % 2 == 0 ? gradients_ : states_;
}

template <class T>
void Painn<T>::queue_send_back(const PairSource& source, std::size_t l, RowRange range) {
  if (range.size() == 0) return;
  launch_strip<SendBack>([&](auto& kernel) {
    kernel.range = range;
    kernel.add = !is_last(l);
    kernel.pairs = pairs(source);
    kernel.rows = rows_of(l, source);
    kernel.gradients = gradients_of(l).array();
    // The last layer's mixed rows are free by now.
    kernel.message_gradients = layers_.back().mixed.array();
    kernel.state_gradients = gradients_of(l - 1).array();
    kernel.pair_gradients = pair_gradients_.array();
  });
}

// Through the messages of layer l and the update of the layer below.
template <class T>
void Painn<T>::queue_update_back(std::size_t l, RowRange range) {
  if (range.size() == 0) return;
  UpdateBack<T> back;
  take_rows(back, range);
  back.epsilon = epsilon_;
  back.matrices = model_.updates[l - 1];
  back.messages = model_.messages[l];
  back.kept = kept(l - 1);
  back.hidden = layers_[l].hidden.array();
  back.message_gradients = layers_.back().mixed.array();
  back.gradients = gradients_of(l - 1).array();
  machine_.launch(back);
}

template <class T>
void Painn<T>::queue_first_back(const PairSource& source) {
  if (n_local_ == 0) return;
  launch_strip<FirstBack>([&](auto& kernel) {
    kernel.range = {0, n_local_};
    kernel.add = layers_.size() > 1;
    kernel.pairs = pairs(source);
    kernel.rows = rows_of(0, source);
    kernel.gradients = gradients_of(0).array();
    kernel.core = model_.core;
    kernel.pair_gradients = pair_gradients_.array();
    kernel.energies = energies_.array();
    kernel.sums = row_sums_.array();
  });
}

// Up to the states of the last layer, which its update reads.
template <class T>
void Painn<T>::queue_forward(const PairSource& source) {
  FindPairs<T> find = source.pair_search<T>();
  find.cutoff_squared = cutoff_ * cutoff_;
  find.pieces = model_.pieces;
  find.pairs = pairs(source);
  find.slot = slot_.array();
  machine_.launch(find);
  queue_receive(source, 0, {0, n_local_});
  for (std::size_t l = 0; !is_last(l); ++l) {
    exchanged(
        layers_[l + 1].sent.array(), 6, [&](RowRange range) { queue_update(source, l, range); },
        [&](RowRange range) { queue_receive(source, l + 1, range); });
  }
}

template <class T>
void Painn<T>::queue_backward(const PairSource& source) {
  const std::size_t last = layers_.size() - 1;
  if (last == 0) queue_update(source, 0, {0, n_local_});
  for (std::size_t l = last; l > 0; --l) {
    exchanged(
        gradients_of(l).array(), 4,
        [&](RowRange range) {
          l == last ? queue_update(source, l, range) : queue_update_back(l + 1, range);
        },
        [&](RowRange range) { queue_send_back(source, l, range); });
  }
  if (last > 0) queue_update_back(1, {0, n_local_});
  queue_first_back(source);
}

template <class T>
void Painn<T>::queue_forces(const PairSource& source) {
  GatherForces<T> gather;
  gather.n_local = n_local_;
  gather.n_total = n_total_;
  gather.pairs = pairs(source);
  gather.gradients = pair_gradients_.array();
  gather.sent_first = source.sent_first();
  gather.sent = source.sent();
  gather.slot = slot_.array();
  gather.forces = forces_.array();
  gather.atom_virials = atom_virials_.array();
  machine_.launch(gather);
  download(machine_, forces_, host_forces_);
  download(machine_, atom_virials_, host_atom_virials_);
  download(machine_, expected_, host_expected_);
  if (sums_.size() > 0) queue_totals();
}

template <class T>
void Painn<T>::queue_totals() {
  SumRows sum;
  sum.n_rows = n_local_;
  sum.n_slices = std::clamp<std::int64_t>(blocks_for(n_local_, kRowsPerSlice), 1, kMostSlices);
  sum.rows = row_sums_.array();
  sum.sums = slice_sums_.array();
  machine_.launch(sum);
  machine_.launch(SumRows{sum.n_slices, 1, slice_sums_.array(), sums_.array()});
  download(machine_, energies_, host_energies_);
  download(machine_, sums_, host_sums_);
}

// The results of the previous step are invalid.
template <class T>
void Painn<T>::forget_step() {
  for (Layer& layer : layers_) {
    for (Memory<T>* memory : layer.all()) memory->forget();
  }
  for (Memory<T>* memory : {&states_, &gradients_, &shape_, &pair_gradients_}) memory->forget();
  for (Memory<int>* memory : {&place_, &count_, &slot_}) memory->forget();
  for (Memory<double>* memory :
       {&energies_, &row_sums_, &slice_sums_, &sums_, &forces_, &expected_}) {
    memory->forget();
  }
}

template <class T>
void Painn<T>::queue_step(PairSource& source) {
  forget_step();
  source.queue_positions();
  queue_forward(source);
  queue_backward(source);
  queue_forces(source);
  source.queue_results();
}

template void Painn<float>::queue_step(PairSource&);
template void Painn<double>::queue_step(PairSource&);
template void Painn<float>::queue_forward(const PairSource&);
template void Painn<double>::queue_forward(const PairSource&);
template void Painn<float>::queue_update(const PairSource&, std::size_t, RowRange);
template void Painn<double>::queue_update(const PairSource&, std::size_t, RowRange);
template void Painn<float>::forget_step();
template void Painn<double>::forget_step();

}  // namespace ipip::cuda
