// What decoders of text files have in common whose lines are rows about one instrument.
//
// A row ends at a line feed, before which a carriage return may stand. The last one
// need not end at all, but then only a whole row counts: one cut short may pass for
// whole only if it is. A line that is no row, or longer than a row can be, means that
// the file is something else, and ends the decoding. Rows are counted as messages.
#pragma once

#include <string>
#include <string_view>

#include "capture/decoder.hpp"

namespace pyscalp::capture {

class RowDecoder : public Decoder {
 protected:
  struct Format {
    const char* file;      ///< such as "LOBSTER message file", for errors
    const char* row;       ///< such as "LOBSTER message"
    std::size_t max_line;  ///< longer: something else
  };

  /// `symbol` may be empty: the rows do not say it. The instrument is number 1.
  RowDecoder(const Format& format, std::string_view symbol)
      : format_(format), symbol_(symbol) {}

  /// Gives the events of one row, which is counted already; false if it is none.
  virtual bool row(std::string_view line, Events& out) = 0;

 private:
  std::size_t decode(Bytes bytes, Events& out) final;
  void end(Bytes rest, Events& out) final;
  bool count(std::string_view line, Events& out);

  Format format_;
  std::string symbol_;
  bool named_ = false;
};

}  // namespace pyscalp::capture
