// A section of the dictionaries that pyscalp.config makes.
#pragma once

#include <pybind11/pybind11.h>

#include <string>

namespace pyscalp::bindings {

namespace py = pybind11;

/// A section of the configuration; says which key is missing or of the wrong type.
class Section {
 public:
  Section(const py::dict& parent, const char* name) : name_(name) {
    if (!parent.contains(name)) {
      throw py::value_error("configuration: section " + name_ + " is missing");
    }
    values_ = py::cast<py::dict>(parent[name]);
  }

  Section(std::string name, py::dict values)
      : name_(std::move(name)), values_(std::move(values)) {}

  template <class T>
  T get(const char* key) const {
    if (!values_.contains(key)) {
      throw py::value_error("configuration: " + name_ + "." + key + " is missing");
    }
    try {
      return py::cast<T>(values_[key]);
    } catch (const py::cast_error&) {
      throw py::value_error("configuration: " + name_ + "." + key +
                            " has the wrong type or is out of range");
    }
  }
  template <class A>
  A amount(const char* key) const {
    return {get<std::int64_t>(key)};
  }
  Section section(const char* key) const { return Section(values_, key); }

 private:
  std::string name_;
  py::dict values_;
};

}  // namespace pyscalp::bindings
