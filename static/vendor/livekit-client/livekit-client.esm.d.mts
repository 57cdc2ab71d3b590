// The types of the vendored module are those of the npm package of the same version.
export * from "livekit-client";
