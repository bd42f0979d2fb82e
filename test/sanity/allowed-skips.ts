/**
 * The csi-sanity specs that may be skipped, each with the reason. A skip that is not listed fails the run, and so does
 * a listed spec that is not skipped any more: the list only shrinks.
 */

type Specs = Readonly<Record<string, readonly string[]>>;

/** Full names of specs by reason. */
const anywhere: Specs = {
  "MODIFY_VOLUME is not advertised: the back ends have no mutable parameter.": [
    "ModifyVolume [Controller Server] should fail if no volume id is given",
    "ModifyVolume [Controller Server] should fail if volume does not exist",
    "ModifyVolume [Controller Server] should fail if specified mutable parameters are not supported by the volume",
    "ModifyVolume [Controller Server] should modify a volume created without a volume attribute class",
    "ModifyVolume [Controller Server] should modify a volume created with a volume attribute class",
    "ModifyVolume [Controller Server] should fail to modify a volume created with a volume attribute class if new mutable parameters are not supported by volume",
    "Controller Service [Controller Server] CreateVolume should create volume with a volume attribute class",
    "Controller Service [Controller Server] CreateVolume should not create volume with an invalid volume attribute class",
  ],
  "Marked as pending in csi-sanity itself.": [
    "Controller Service [Controller Server] ListVolumes pagination should detect volumes added between pages and accept tokens when the last volume from a page is deleted",
  ],
};

const onFiles: Specs = {
  "Group snapshots are not advertised: a reflink file system cannot take several files at one instant.": [
    "GroupController Service [GroupController VolumeGroupSnapshots] CreateVolumeGroupSnapshot should fail when no name is provided",
    "GroupController Service [GroupController VolumeGroupSnapshots] GetVolumeGroupSnapshot should fail when no volume id is provided",
    "GroupController Service [GroupController VolumeGroupSnapshots] GetVolumeGroupSnapshot should fail when an invalid volume id is used",
    "GroupController Service [GroupController VolumeGroupSnapshots] DeleteVolumeGroupSnapshot should fail when no volume id is provided",
    "GroupController Service [GroupController VolumeGroupSnapshots] DeleteVolumeGroupSnapshot should succeed when an invalid volume id is used",
    "GroupController Service [GroupController Server] GroupControllerGetCapabilities should return appropriate capabilities",
  ],
};

/** Reason by full name, for a back end that takes snapshots of several volumes at one instant or does not. */
export const allowedSkips = ({ groups }: { readonly groups: boolean }): ReadonlyMap<string, string> =>
  new Map(
    Object.entries(groups ? anywhere : { ...anywhere, ...onFiles }).flatMap(([reason, specs]) =>
      specs.map((spec) => [spec, reason] as const),
    ),
  );
