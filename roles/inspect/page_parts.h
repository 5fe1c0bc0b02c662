// What the page is made of. Internal to the page; one file for each subject.
#pragma once

namespace edge::inspect {

/// The style sheet.
extern const char* const page_style;
/// What is in the page before its scripts have run.
extern const char* const page_body;

// One script, in this order: they share their names.
extern const char* const script_drawing;   ///< data, numbers, colours, the SVG elements
extern const char* const script_view;      ///< zoom, drag, pinch, fit
extern const char* const script_details;   ///< what is said about a layer or a cut under the pointer
extern const char* const script_cuts;      ///< the panel of bars
extern const char* const script_controls;  ///< colours by another figure, search, keys; starts everything

}  // namespace edge::inspect
