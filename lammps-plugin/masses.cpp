// SPDX-License-Identifier: GPL-2.0-or-later
// t: atom type.
#include "masses.h"

#include <mpi.h>

#include <cmath>
#include <cstddef>
#include <cstdio>
#include <string_view>

#include "atom.h"
#include "lammps.h"

namespace LAMMPS_NS {
namespace {

constexpr double kFar = 0.2;
constexpr double kSame = 0.02;

struct Weight {
  std::string_view symbol;
  double mass;
};

// g/mol, IUPAC 2016; the mass number of the longest-lived isotope where there is no other.
constexpr Weight kWeights[] = {
    {"H", 1.008},     {"He", 4.0026},   {"Li", 6.94},     {"Be", 9.0122},   {"B", 10.81},
    {"C", 12.011},    {"N", 14.007},    {"O", 15.999},    {"F", 18.9984},   {"Ne", 20.1797},
    {"Na", 22.9898},  {"Mg", 24.305},   {"Al", 26.9815},  {"Si", 28.085},   {"P", 30.9738},
    {"S", 32.06},     {"Cl", 35.45},    {"Ar", 39.948},   {"K", 39.0983},   {"Ca", 40.078},
    {"Sc", 44.9559},  {"Ti", 47.867},   {"V", 50.9415},   {"Cr", 51.9961},  {"Mn", 54.938},
    {"Fe", 55.845},   {"Co", 58.9332},  {"Ni", 58.6934},  {"Cu", 63.546},   {"Zn", 65.38},
    {"Ga", 69.723},   {"Ge", 72.63},    {"As", 74.9216},  {"Se", 78.971},   {"Br", 79.904},
    {"Kr", 83.798},   {"Rb", 85.4678},  {"Sr", 87.62},    {"Y", 88.9058},   {"Zr", 91.224},
    {"Nb", 92.9064},  {"Mo", 95.95},    {"Tc", 97.9072},  {"Ru", 101.07},   {"Rh", 102.9055},
    {"Pd", 106.42},   {"Ag", 107.8682}, {"Cd", 112.414},  {"In", 114.818},  {"Sn", 118.71},
    {"Sb", 121.76},   {"Te", 127.6},    {"I", 126.9045},  {"Xe", 131.293},  {"Cs", 132.9055},
    {"Ba", 137.327},  {"La", 138.9055}, {"Ce", 140.116},  {"Pr", 140.9077}, {"Nd", 144.242},
    {"Pm", 144.9128}, {"Sm", 150.36},   {"Eu", 151.964},  {"Gd", 157.25},   {"Tb", 158.9254},
    {"Dy", 162.5},    {"Ho", 164.9303}, {"Er", 167.259},  {"Tm", 168.9342}, {"Yb", 173.054},
    {"Lu", 174.9668}, {"Hf", 178.49},   {"Ta", 180.9479}, {"W", 183.84},    {"Re", 186.207},
    {"Os", 190.23},   {"Ir", 192.217},  {"Pt", 195.084},  {"Au", 196.9666}, {"Hg", 200.592},
    {"Tl", 204.38},   {"Pb", 207.2},    {"Bi", 208.9804}, {"Po", 208.9824}, {"At", 209.9872},
    {"Rn", 222.0176}, {"Fr", 223.0197}, {"Ra", 226.0254}, {"Ac", 227.0277}, {"Th", 232.0377},
    {"Pa", 231.0359}, {"U", 238.0289},  {"Np", 237.0482}, {"Pu", 244.0642}, {"Am", 243.0614},
    {"Cm", 247.0703}, {"Bk", 247.0703}, {"Cf", 251.0796}, {"Es", 252.083},  {"Fm", 257.0951},
    {"Md", 258.0984}, {"No", 259.101},  {"Lr", 262.11},   {"Rf", 267.122},  {"Db", 268.126},
    {"Sg", 271.134},  {"Bh", 270.133},  {"Hs", 269.1338}, {"Mt", 278.156},  {"Ds", 281.165},
    {"Rg", 281.166},  {"Cn", 285.177},  {"Nh", 286.182},  {"Fl", 289.19},   {"Mc", 289.194},
    {"Lv", 293.204},  {"Ts", 293.208},  {"Og", 294.214}};

double standard(std::string_view symbol) {
  for (const Weight& weight : kWeights) {
    if (weight.symbol == symbol) return weight.mass;
  }
  return 0.0;
}

double apart(double mass, double expected) {
  return std::abs(mass - expected) / expected;
}

// Masses by type, the mean over its atoms where each atom has its own; 0 for none.
std::vector<double> type_masses(const LAMMPS& lmp) {
  const Atom& atom = *lmp.atom;
  std::vector<double> masses(atom.ntypes + 1, 0.0);
  if (atom.rmass == nullptr) {
    for (int t = 1; t <= atom.ntypes; ++t) {
      if (atom.mass != nullptr && atom.mass_setflag[t] != 0) masses[t] = atom.mass[t];
    }
    return masses;
  }
  std::vector<double> sums(2 * masses.size(), 0.0);  // mass, number of atoms
  for (int i = 0; i < atom.nlocal; ++i) {
    sums[2 * atom.type[i]] += atom.rmass[i];
    sums[2 * atom.type[i] + 1] += 1.0;
  }
  MPI_Allreduce(MPI_IN_PLACE, sums.data(), static_cast<int>(sums.size()), MPI_DOUBLE, MPI_SUM,
                lmp.world);
  for (int t = 1; t <= atom.ntypes; ++t) {
    if (sums[2 * t + 1] > 0.0) masses[t] = sums[2 * t] / sums[2 * t + 1];
  }
  return masses;
}

std::string number(double value) {
  char text[32];
  std::snprintf(text, sizeof(text), "%.6g", value);
  return text;
}

// "type 1 (C) has mass 15.999, standard 12.011"
std::string told(int t, double mass, const std::string& symbol) {
  return "type " + std::to_string(t) + " (" + symbol + ") has mass " + number(mass) +
         ", standard " + number(standard(symbol));
}

bool is_heavy_hydrogen(const std::string& symbol, double mass) {
  return symbol == "H" && (apart(mass, 2.014) < kSame || apart(mass, 3.016) < kSame);
}

}  // namespace

MassCheck check_masses(const LAMMPS& lmp, const std::vector<int>& species,
                       const std::vector<std::string>& symbols) {
  const std::vector<double> masses = type_masses(lmp);
  const std::size_t n_types = masses.size() - 1;
  const std::size_t n_symbols = symbols.size();
  std::vector<char> named(n_symbols, 0);
  for (std::size_t t = 1; t <= n_types; ++t) {
    if (species[t] >= 0) named[species[t]] = 1;
  }
  // leads[e][other]: a type of element e has the mass of the element `other`.
  std::vector<std::vector<char>> leads(n_symbols, std::vector<char>(n_symbols, 0));
  std::string list, warning;
  for (std::size_t t = 1; t <= n_types; ++t) {
    if (species[t] < 0 || masses[t] <= 0.0) continue;
    const std::string& symbol = symbols[species[t]];
    const double own = standard(symbol);
    if (own == 0.0 || apart(masses[t], own) <= kSame) continue;
    const std::string line = told(static_cast<int>(t), masses[t], symbol);
    list += (list.empty() ? "" : "; ") + line;
    if (apart(masses[t], own) > kFar && !is_heavy_hydrogen(symbol, masses[t])) {
      warning += (warning.empty() ? "" : "; ") + line;
    }
    for (std::size_t e = 0; e < n_symbols; ++e) {
      const double other = standard(symbols[e]);
      if (named[e] != 0 && other > 0.0 && apart(masses[t], other) <= kSame) {
        leads[species[t]][e] = 1;
      }
    }
  }
  // Elements that can be reached (Warshall); an element that leads to itself is in a ring.
  for (std::size_t via = 0; via < n_symbols; ++via) {
    for (std::size_t from = 0; from < n_symbols; ++from) {
      for (std::size_t to = 0; to < n_symbols; ++to) {
        if (leads[from][via] != 0 && leads[via][to] != 0) leads[from][to] = 1;
      }
    }
  }
  MassCheck check;
  bool swapped = false;
  for (std::size_t e = 0; e < n_symbols; ++e) swapped = swapped || leads[e][e] != 0;
  if (swapped) {
    check.error =
        ": the elements of pair_coeff are swapped against the masses of the atom types: " + list +
        "; name the elements in the order of the types, or correct the masses";
  } else if (!warning.empty()) {
    check.warning = "pair_style ipip: " + warning +
                    ": check the order of elements in pair_coeff and the masses; forces depend on "
                    "the elements, motion on the masses";
  }
  return check;
}

}  // namespace LAMMPS_NS
