// What Heartbeat does, for the one file that makes a venue's engine of it.
#pragma once

#include "engine/heartbeat_evaluation.hpp"
#include "engine/heartbeat_execution.hpp"
#include "engine/heartbeat_listeners.hpp"
#include "engine/heartbeat_sampling.hpp"
