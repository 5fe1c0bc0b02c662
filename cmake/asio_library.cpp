// asio's out-of-line code, compiled once: header-only it would be compiled by every file that opens a socket.
#include <asio/impl/src.hpp>
