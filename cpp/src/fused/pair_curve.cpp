// SPDX-License-Identifier: MIT
// k: piece, m: one of its four nodes, t: place in units of a piece, 0 at its beginning.
#include "pair_curve.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>

namespace ipip::fused {
namespace {

constexpr std::int64_t kFewest = 128, kMost = 4096;  // pieces

// Coefficients of t^0, t^1, ... of Newton's polynomial with nodes z and divided differences c.
template <std::size_t n>
std::array<double, n> powers(const std::array<double, n>& z, const std::array<double, n>& c) {
  std::array<double, n> out{};
  for (std::size_t i = n; i-- > 0;) {
    for (std::size_t p = n - 1; p > 0; --p) out[p] = out[p - 1] - z[i] * out[p];
    out[0] = c[i] - z[i] * out[0];
  }
  return out;
}

// Pairs of atoms at n equidistant distances from the lowest to the cutoff.
std::vector<PairCurve::Point> sample(Evaluator& network, std::int64_t a, std::int64_t b,
                                     double cutoff, std::int64_t n) {
  Graph graph;
  graph.n_local = 2 * n;
  for (std::int64_t k = 0; k < n; ++k) {
    const double share = static_cast<double>(k) / static_cast<double>(n - 1);
    const double d = PairCurve::kLowest + (cutoff - PairCurve::kLowest) * share;
    graph.species.insert(graph.species.end(), {a, b});
    graph.receivers.insert(graph.receivers.end(), {2 * k, 2 * k + 1});
    graph.neighbours.insert(graph.neighbours.end(), {2 * k + 1, 2 * k});
    graph.vectors.insert(graph.vectors.end(), {d, 0.0, 0.0, -d, 0.0, 0.0});
  }
  std::vector<double> energies(graph.species.size());
  std::vector<PairCurve::Point> out(static_cast<std::size_t>(n));
  network.evaluate(
      graph, energies.data(), [&](std::int64_t begin, std::int64_t end, const double* gradients) {
        for (std::int64_t e = begin; e < end; ++e, gradients += 3) {
          out[static_cast<std::size_t>(e / 2)].slope += e % 2 == 0 ? gradients[0] : -gradients[0];
        }
      });
  for (std::size_t k = 0; k < out.size(); ++k) {
    out[k].energy = energies[2 * k] + energies[2 * k + 1];
    out[k].split = energies[2 * k] - energies[2 * k + 1];
  }
  return out;
}

}  // namespace

PairCurve::PairCurve(Evaluator& network, std::int64_t a, std::int64_t b, double cutoff,
                     double target) {
  for (std::int64_t n = kFewest; n <= kMost && !holds_; n *= 2) {
    const std::vector<Point> points = sample(network, a, b, cutoff, 2 * n + 1);
    std::vector<Point> nodes;
    double size = 0.0, slope_size = 0.0, error = 0.0, slope_error = 0.0;
    for (std::size_t k = 0; k < points.size(); k += 2) {
      nodes.push_back(points[k]);
      size = std::max(size, std::abs(points[k].energy - points.back().energy));
      slope_size += std::abs(points[k].slope) / static_cast<double>(n);
    }
    length_ = (cutoff - kLowest) / static_cast<double>(n);
    fit(nodes);
    for (std::size_t k = 1; k < points.size(); k += 2) {
      const Point between = at(kLowest + 0.5 * length_ * static_cast<double>(k));
      error = std::max({error, std::abs(between.energy - points[k].energy),
                        std::abs(between.split - points[k].split)});
      slope_error = std::max(slope_error, std::abs(between.slope - points[k].slope));
    }
    holds_ = error <= target * size && slope_error <= target * slope_size;
  }
}

void PairCurve::fit(const std::vector<Point>& nodes) {
  const auto n = static_cast<std::int64_t>(nodes.size()) - 1;
  pieces_.resize(static_cast<std::size_t>(n));
  for (std::int64_t k = 0; k < n; ++k) {
    const std::int64_t start = std::clamp<std::int64_t>(k - 1, 0, n - 3);
    std::array<double, 8> z, c;
    std::array<double, 4> z_split, c_split;
    for (std::size_t m = 0; m < 4; ++m) {
      const Point& node = nodes[static_cast<std::size_t>(start) + m];
      z[2 * m] = z[2 * m + 1] = z_split[m] =
          static_cast<double>(start - k) + static_cast<double>(m);
      c[2 * m] = c[2 * m + 1] = node.energy;
      c_split[m] = node.split;
    }
    for (std::size_t order = 1; order < 8; ++order) {
      for (std::size_t i = 7; i >= order; --i) {
        const bool same = order == 1 && i % 2 == 1;
        c[i] = same ? length_ * nodes[static_cast<std::size_t>(start) + i / 2].slope
                    : (c[i] - c[i - 1]) / (z[i] - z[i - order]);
      }
    }
    for (std::size_t order = 1; order < 4; ++order) {
      for (std::size_t i = 3; i >= order; --i) {
        c_split[i] = (c_split[i] - c_split[i - 1]) / (z_split[i] - z_split[i - order]);
      }
    }
    pieces_[static_cast<std::size_t>(k)] = {powers(z, c), powers(z_split, c_split)};
  }
}

PairCurve::Point PairCurve::at(double distance) const {
  const double place = (distance - kLowest) / length_;
  const auto last = static_cast<std::int64_t>(pieces_.size()) - 1;
  const std::int64_t k = std::clamp<std::int64_t>(static_cast<std::int64_t>(place), 0, last);
  const Piece& piece = pieces_[static_cast<std::size_t>(k)];
  const double t = place - static_cast<double>(k);
  Point out{0.0, 0.0, 0.0};
  for (std::size_t p = piece.energy.size(); p-- > 0;) {
    out.slope = out.slope * t + out.energy;
    out.energy = out.energy * t + piece.energy[p];
  }
  for (std::size_t p = piece.split.size(); p-- > 0;) out.split = out.split * t + piece.split[p];
  out.slope /= length_;
  return out;
}

}  // namespace ipip::fused
