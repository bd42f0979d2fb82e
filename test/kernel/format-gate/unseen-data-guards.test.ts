/** The format gate without the guards that know more than the device shows: the harm must show. */
import { unseenDataGuards } from "./guards.ts";
import { playGuards } from "./play-guards.ts";

playGuards("a driver that lacks a guard against data that the device does not show", unseenDataGuards);
