// CMake makes a precompiled header (precompiled.h) only for a target with a source.
