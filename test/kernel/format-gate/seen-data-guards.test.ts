/** The format gate without the guards that look at the device: the harm must show. */
import { seenDataGuards } from "./guards.ts";
import { playGuards } from "./play-guards.ts";

playGuards("a driver that lacks a guard against data that the device shows", seenDataGuards);
