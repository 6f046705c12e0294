// SPDX-License-Identifier: MIT
// evaluate_graphs STUDENT INSTRUCTION_SET THREADS MOST_TABULATED_PAIRS LONE_PAIRS < graphs
//
// Evaluates graphs by the kernels. Prints the backend and, for each graph, one line per quantity:
// energies (eV), forces (eV/Å) and virials (eV). The words of a graph are n_local n_total n_pairs
// n_owners, then species [n_total], receivers and neighbours [n_pairs], vectors [n_pairs, 3] in Å,
// and the owners [n_owners] of its halo rows, if it has any.
#include <cstdint>
#include <cstdlib>
#include <iostream>
#include <memory>
#include <string>
#include <vector>

#include "ipip/error.hpp"
#include "ipip/halo.hpp"
#include "ipip/student.hpp"

namespace {

std::vector<std::int64_t> integers(std::size_t count) {
  std::vector<std::int64_t> values(count);
  for (std::int64_t& value : values) std::cin >> value;
  return values;
}

// Uses strtod, which reads nan and inf.
std::vector<double> numbers(std::size_t count) {
  std::vector<double> values(count);
  std::string word;
  for (double& value : values) {
    std::cin >> word;
    value = std::strtod(word.c_str(), nullptr);
  }
  return values;
}

template <class Values>
void print(const char* name, const Values& values) {
  std::cout << name;
  for (const double value : values) std::cout << ' ' << value;
  std::cout << '\n';
}

void evaluate(ipip::Student& student, std::size_t n_local) {
  const std::vector<std::int64_t> sizes = integers(3);
  const auto n_total = static_cast<std::size_t>(sizes[0]);
  const auto n_pairs = static_cast<std::size_t>(sizes[1]);
  ipip::Graph graph;
  graph.n_local = static_cast<std::int64_t>(n_local);
  graph.species = integers(n_total);
  graph.receivers = integers(n_pairs);
  graph.neighbours = integers(n_pairs);
  graph.vectors = numbers(3 * n_pairs);
  const std::vector<std::int64_t> owners = integers(static_cast<std::size_t>(sizes[2]));
  if (!std::cin) throw ipip::Error("a graph has fewer words than its counts require");
  std::shared_ptr<ipip::HaloExchanger> halo;
  if (!owners.empty()) halo = std::make_shared<ipip::GatherHalo>(graph.n_local, owners);
  const ipip::HaloScope scope(halo);
  ipip::Results results;
  student.compute(graph, {true, false}, results);
  print("energy", std::vector<double>{results.energy});
  print("atom_energies", results.atom_energies);
  print("forces", results.forces);
  print("virial", results.virial);
  print("atom_virials", results.atom_virials);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 6) {
    std::cerr << "evaluate_graphs STUDENT INSTRUCTION_SET THREADS MOST_TABULATED_PAIRS LONE_PAIRS "
                 "< graphs\n";
    return 2;
  }
  std::cout.precision(17);
  try {
    ipip::RunOptions options;
    options.backend = "kernels";
    options.instruction_set = argv[2];
    options.threads = std::atoi(argv[3]);
    options.most_tabulated_pairs = std::strtod(argv[4], nullptr);
    options.lone_pairs = std::atoi(argv[5]) != 0;
    ipip::Student student(argv[1], options);
    std::cout << "backend " << student.backend() << '\n';
    for (std::size_t n_local = 0; std::cin >> n_local;) evaluate(student, n_local);
  } catch (const ipip::Error& error) {
    std::cerr << error.what() << '\n';
    return 1;
  }
  return 0;
}
