/* The methods of the flows, one row each (kratos.md §2.5). */
#include "flow_method.h"

const struct flow_method *const flow_methods[] = {&flow_password, &flow_profile, &flow_identifier_first,
                                                  NULL};
